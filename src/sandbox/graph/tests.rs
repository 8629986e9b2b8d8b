//! Plain HTTP against the stand-in of Microsoft 365.
