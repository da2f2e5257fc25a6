#[repr(u8)]
pub enum Kind {
    Sword = 3,
    Shield,
}
