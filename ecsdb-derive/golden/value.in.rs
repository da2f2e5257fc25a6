pub struct Meters(pub f64);
