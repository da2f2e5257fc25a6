//! Where a row names entities, so that promised ones can be replaced by real ones.

use crate::bytes::Slot;
use crate::schema::{FieldType, Member, Scalar};

/// Where an entity stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityPlace {
    /// In the row.
    Row(usize),
    /// In the heap of the row.
    Heap(usize),
}

impl EntityPlace {
    fn plus(self, bytes: usize) -> Self {
        match self {
            Self::Row(at) => Self::Row(at + bytes),
            Self::Heap(at) => Self::Heap(at + bytes),
        }
    }
}

/// Whether values of the type can name entities.
pub fn names_entities(field_type: &FieldType) -> bool {
    let in_members = |members: &[Member]| members.iter().any(|member| names_entities(&member.field_type));
    match field_type {
        FieldType::Scalar(scalar) => *scalar == Scalar::Entity,
        FieldType::Reference { .. } => true,
        FieldType::Array { element: inner, .. } | FieldType::Optional(inner) | FieldType::List(inner) => {
            names_entities(inner)
        }
        FieldType::Struct(of) => in_members(&of.fields),
        FieldType::Enum(of) => of.variants.iter().any(|variant| in_members(&variant.fields)),
        _ => false,
    }
}

/// Adds the places of all entities in a value, which stands at `place` and has `bytes` there. A place may hold zeros, for none.
pub fn entity_places(
    field_type: &FieldType,
    bytes: &[u8],
    heap: &[u8],
    place: EntityPlace,
    found: &mut Vec<EntityPlace>,
) {
    if !names_entities(field_type) {
        return;
    }
    match field_type {
        FieldType::Scalar(_) | FieldType::Reference { .. } => found.push(place),
        FieldType::Array { element, len } => elements(element, *len as usize, bytes, heap, place, found),
        FieldType::Optional(inner) => {
            let at = usize::from(!inner.has_niche());
            if at == 0 || bytes[0] != 0 {
                entity_places(inner, &bytes[at..], heap, place.plus(at), found);
            }
        }
        FieldType::Struct(of) => members(&of.fields, bytes, heap, place, found),
        FieldType::Enum(of) => {
            if let Some(variant) = of.tagged(of.tag_of(bytes)) {
                let at = of.payload_at();
                members(&variant.fields, &bytes[at..], heap, place.plus(at), found);
            }
        }
        FieldType::List(element) => {
            let slot = Slot::read(bytes);
            elements(element, slot.len(), &heap[slot.start()..], heap, EntityPlace::Heap(slot.start()), found);
        }
        _ => {}
    }
}

fn elements(
    element: &FieldType,
    len: usize,
    bytes: &[u8],
    heap: &[u8],
    place: EntityPlace,
    found: &mut Vec<EntityPlace>,
) {
    let size = element.size();
    for index in 0..len {
        entity_places(element, &bytes[index * size..], heap, place.plus(index * size), found);
    }
}

fn members(members: &[Member], bytes: &[u8], heap: &[u8], place: EntityPlace, found: &mut Vec<EntityPlace>) {
    let mut at = 0;
    for member in members {
        entity_places(&member.field_type, &bytes[at..], heap, place.plus(at), found);
        at += member.field_type.size();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Entity;
    use crate::schema::{Encoded, Value};

    #[test]
    fn entities_are_found_wherever_they_stand() {
        let of: FieldType =
            "(u8, entity?, [entity; 2], enum { Idle, At(u16, entity?) }, [(entity, u8)], entity)".parse().unwrap();
        let entity = |bits| Value::Entity(Entity::from_bits(bits).unwrap());
        let tuple = |values: Vec<Value>| {
            Value::Struct(values.into_iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect())
        };
        let Value::Struct(at) = tuple(vec![3_u16.into(), entity(5)]) else { unreachable!("just made") };
        let value = tuple(vec![
            1_u8.into(),
            Value::Optional(None),
            Value::Array(vec![entity(3), entity(4)]),
            Value::Variant { variant: "At".to_owned(), fields: at },
            Value::Array(vec![tuple(vec![entity(6), 1_u8.into()]), tuple(vec![entity(7), 2_u8.into()])]),
            entity(8),
        ]);
        let encoded = Encoded::from_value(&value, &of).unwrap();
        let mut found = Vec::new();
        entity_places(&of, encoded.bytes(), encoded.heap(), EntityPlace::Row(0), &mut found);
        let bits = found.iter().map(|place| match *place {
            EntityPlace::Row(at) => encoded.bytes()[at],
            EntityPlace::Heap(at) => encoded.heap()[at],
        });
        assert_eq!(bits.collect::<Vec<_>>(), [0, 3, 4, 5, 6, 7, 8]);
        assert!(found.contains(&EntityPlace::Heap(9)));
    }
}
