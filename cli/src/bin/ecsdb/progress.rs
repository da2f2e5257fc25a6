//! How far a command is, for those who watch: a bar on the standard error, if that is a terminal.

use std::io::{IsTerminal, stderr};

use ecsdb::maintenance::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that is gone with this.
pub struct Bar {
    bar: ProgressBar,
    step: &'static str,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::no_length();
        if !stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{msg:16} [{bar:40}] {pos}/{len} {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, step: "" }
    }

    /// Shows how far it is.
    pub fn show(&mut self, progress: Progress) {
        if self.step != progress.step {
            self.step = progress.step;
            self.bar.set_message(progress.step);
            self.bar.set_length(progress.total);
        }
        self.bar.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
