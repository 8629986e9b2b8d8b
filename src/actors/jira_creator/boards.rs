//! Which project a board's issues go to. Jira is asked once a board, at the start or when it can
//! be reached.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::OnceCell;

use crate::clients::{ApiError, JiraClient};

/// Why a board has no project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoardFault {
    /// There is no such board, or its filter is not of one project.
    #[error("jira has no board {0:?} of one project; correct jira.boards or the board's filter")]
    Unknown(String),
    /// Jira could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// The projects of boards; cheap to clone.
#[derive(Clone)]
pub struct Boards(Arc<Inner>);

struct Inner {
    jira: JiraClient,
    projects: HashMap<String, OnceCell<String>>,
}

impl Boards {
    /// Boards by the names that Jira knows them by.
    pub fn new(jira: JiraClient, names: impl IntoIterator<Item = String>) -> Self {
        let projects = names.into_iter().map(|name| (name, OnceCell::new())).collect();
        Self(Arc::new(Inner { jira, projects }))
    }

    /// The key of the project that a board's issues go to.
    ///
    /// # Errors
    /// [`BoardFault`]; Jira is asked again next time.
    pub async fn project(&self, board: &str) -> Result<String, BoardFault> {
        let unknown = || BoardFault::Unknown(board.to_owned());
        let project = self.0.projects.get(board).ok_or_else(unknown)?;
        let asked = async { self.0.jira.board_project(board).await?.ok_or_else(unknown) };
        project.get_or_try_init(|| asked).await.cloned()
    }

    /// Asks for all of them; what is wrong is told in the log and does not end anything.
    pub async fn resolve(&self) {
        for board in self.0.projects.keys() {
            match self.project(board).await {
                Ok(project) => tracing::info!(board, project, "a board's project is known"),
                Err(error) => tracing::error!(board, %error, "a board's project is not known"),
            }
        }
    }
}
