//! The client against a stand-in that answers in Microsoft's documented form, and ill-mannered
//! answers besides.

mod calls;
mod content;
mod drafts;
mod grants;
mod images;
mod news;
mod signing;
mod stand;
