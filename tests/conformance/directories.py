"""What the directory store can't do, since its objects are files."""

from collections.abc import Mapping

from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Parted
from gateway.core.capabilities.versions import Locks, Versions

LACKS: frozenset[type] = frozenset({Accounts, Expiring, Locks, Parted, Recount, Roster, Versions})

_BESIDE = "a file and a directory, or a name with an empty part: `tests/stores/directory/` lists trees that can stand"
_TEXT = "only whole directories are renamed at once, `tests/stores/directory/test_renames.py` does so"

EXEMPT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "test_deleting_one_leaves_its_neighbours",
            "test_bounds_that_are_no_names_are_answered_or_refused",
            "test_listings_are_those_of_the_model",
            "test_listings_of_every_kind",
            "test_odd_names_are_all_different",
            "test_odd_names_are_kept_to_the_byte",
            "test_odd_names_are_listed_in_byte_order",
            "test_odd_names_of_renames",
            "test_odd_names_of_uploads_and_appends",
            "test_odd_names_of_uploads_are_in_byte_order",
            "test_pages_go_on_when_their_marker_is_deleted",
            "test_pages_show_every_row_once",
        ),
        _BESIDE,
    ),
    **dict.fromkeys(
        (
            "test_a_bucket_is_renamed",
            "test_a_bucket_that_is_not_renamed",
            "test_a_new_name_that_would_be_empty",
            "test_a_prefix_is_no_pattern",
            "test_a_prefix_is_renamed",
            "test_a_prefix_is_text_and_no_directory",
            "test_a_prefix_moves_to_another_bucket",
            "test_a_prefix_of_the_last_characters",
            "test_everything_moves_to_an_empty_bucket",
            "test_prefixes_that_are_not_renamed",
            "test_the_old_name_is_free_for_another_bucket",
        ),
        _TEXT,
    ),
    "test_buckets_are_listed_by_name_in_byte_order": "a folder's name has up to 255 bytes, and one of these 256",
}
