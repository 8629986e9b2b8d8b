//! Requests of callers, taken once.
