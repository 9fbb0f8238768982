//! What is shown of accounts to developers: nothing of what they hold.

use std::fmt;

use crate::accounts::Accounts;

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}
