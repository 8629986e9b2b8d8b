//! Effects, and the list of the dead ones, which follows from their rows and is written with them.

use super::super::error::StoreError;
use super::super::table::fault;
use super::rows::{DeskTable, Nothing, case_key, effect_key, effect_of};
use super::{Desk, DeskTx, DeskView};
use crate::model::effect::{Effect, Stage};
use crate::model::keys::{CaseId, EffectId};

pub(super) struct Effects;

impl DeskTable for Effects {
    const TREE: &'static str = "effects";
    type Key = [u8; 12];
    type Row = Effect;
}

pub(super) struct Dead;

impl DeskTable for Dead {
    const TREE: &'static str = "dead";
    type Key = [u8; 12];
    type Row = Nothing;
}

impl DeskView {
    /// The effect of this id.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn effect(&self, id: EffectId) -> Result<Option<Effect>, StoreError> {
        self.0.get::<Effects>(&effect_key(id))
    }
}

impl DeskTx<'_> {
    /// Keeps `effect` in place of what was there, and its place among the dead.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`]; [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn put_effect(&mut self, effect: &Effect) -> Result<(), StoreError> {
        let key = effect_key(effect.id);
        if effect.stage == Stage::Dead {
            self.view.0.put::<Dead>(&key, &Nothing {})?;
        } else {
            self.view.0.remove::<Dead>(&key)?;
        }
        self.view.0.put::<Effects>(&key, effect)
    }

    /// Removes up to `limit` effects of a case; whether none is left.
    pub(super) fn remove_effects(
        &mut self,
        case: CaseId,
        limit: usize,
    ) -> Result<bool, StoreError> {
        let keys = self.view.0.keys::<Effects>(&case_key(case))?;
        for key in keys.iter().take(limit) {
            self.view.0.remove::<Effects>(key)?;
        }
        Ok(keys.len() <= limit)
    }

    /// Whether an effect of the case is dead.
    pub(super) fn has_dead(&self, case: CaseId) -> Result<bool, StoreError> {
        Ok(!self.view.0.keys::<Dead>(&case_key(case))?.is_empty())
    }
}

impl Desk {
    /// The effects of a case, in the order of the steps.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn effects_of(&self, case: CaseId) -> Result<Vec<Effect>, StoreError> {
        let rows = self.tables().scan::<Effects>(&case_key(case))?;
        rows.map(|row| row.map(|(_, effect)| effect)).collect()
    }

    /// Every dead effect, in the order of the ids.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn dead(&self) -> Result<Vec<EffectId>, StoreError> {
        let keys = self.tables().keys::<Dead>(&[])?;
        keys.map(|key| effect_of(key?).map_err(fault::<Dead>)).collect()
    }
}
