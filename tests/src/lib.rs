//! Unpublished member of the ecsdb workspace.
