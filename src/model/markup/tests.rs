//! What holds for every notation.

mod html;
mod redmine;
mod wiki;
