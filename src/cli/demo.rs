//! demo
use super::Outcome;
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// End after the tour; exit 0 only if every step was answered as it should be
    #[arg(long)]
    once: bool,
}
impl Demo {
    pub(super) async fn run(self) -> Outcome {
        let _ = self.once;
        Ok(())
    }
}
