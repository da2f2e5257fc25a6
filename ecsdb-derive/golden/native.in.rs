#[repr(C)]
pub struct Pos {
    pub x: f32,
    y: f32,
}
