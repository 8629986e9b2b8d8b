//! What a test does with any stand-in: find it, let it fail, look at what it was asked, stop it.

/// Gives a stand-in, which is a `Server` in a tuple, its controls.
macro_rules! controls {
    ($stand_in:ty) => {
        impl $stand_in {
            /// The base address, with a slash at its end.
            #[must_use]
            pub fn url(&self) -> url::Url {
                self.0.url()
            }

            /// Where it listens.
            #[must_use]
            pub fn address(&self) -> std::net::SocketAddr {
                self.0.address()
            }

            /// Lets coming requests fail by this rule, after those already set.
            pub fn fault(&self, rule: impl Into<$crate::sandbox::FaultRule>) {
                self.0.fault(rule.into());
            }

            /// Answers as usual again. A request that hangs goes on hanging.
            pub fn clear_faults(&self) {
                self.0.clear_faults();
            }

            /// Every request so far (the last 65,536), oldest first.
            #[must_use]
            pub fn ledger(&self) -> Vec<$crate::sandbox::Call> {
                self.0.ledger()
            }

            /// Closes the port and all connections, and waits until that is done.
            pub async fn stop(self) {
                self.0.stop().await;
            }
        }
    };
}

pub(super) use controls;
