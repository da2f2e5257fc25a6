use ecsdb::Component;

#[derive(Component)]
enum State {
    Idle,
    Walking { speed: f32 },
}

fn uses_of_it_are_no_further_errors(state: State) {
    let _ = state.into_row();
    let _ = State::SCHEMA.name.len();
}

fn main() {}
