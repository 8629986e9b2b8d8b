//! The client against a stand-in that answers in Microsoft's documented form, and ill-mannered
//! answers besides.

mod signing;
mod stand;
