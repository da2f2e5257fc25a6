pub enum Door {
    Open,
    Locked { by: u32 },
}
