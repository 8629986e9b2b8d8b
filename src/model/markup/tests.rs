//! What holds for every notation.

mod html;
mod wiki;
