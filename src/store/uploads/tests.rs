//! Kept files: whole, sealed, and gone when nobody needs them.
