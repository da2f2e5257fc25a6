/// How much is left.
#[component(version = 2)]
pub struct Health {
    /// Points.
    #[component(default = 7)]
    pub hp: u32,
    name: String,
}
