"""What remote S3s lack, as tests of the suite that can't hold over them, each with the reason."""

from collections.abc import Iterable, Mapping

MODULES = frozenset(
    {
        "test_buckets",
        "test_conditions",
        "test_listing",
        "test_lock_removal",
        "test_lock_writes",
        "test_locks",
        "test_multipart",
        "test_names",
        "test_objects",
        "test_spans",
        "test_uploads",
        "test_version_listing",
        "test_version_operations",
        "test_version_suspension",
        "test_versions",
    }
)
"""Those of the suite in which the remote decides, for servers that others have made. What many do at once, and what is
broken off, is the store's own affair: the suite over our own frontend shows it.
"""


def _for(reason: str, *tests: str) -> dict[str, str]:
    return dict.fromkeys(tests, reason)


def _of_all(test: str, rows: Iterable[str]) -> list[str]:
    return [f"{test}[{row}]" for row in rows]


EVERY: Mapping[str, str] = {
    **_for(
        "S3 has no accounts: all buckets belong to the one that the settings state",
        "test_a_bucket_that_passes_to_another_account_while_an_object_comes_in",
        "test_a_copy_to_another_bucket",
        "test_buckets_are_paged",
        "test_buckets_of_one_owner",
        "test_of_racing_creators_one_wins",
    ),
    **_for(
        "DeleteObjects does not tell whether anything was there",
        "test_a_name_that_is_given_twice_is_deleted_once",
        "test_a_thousand_names",
        "test_a_batch_makes_markers",
        "test_o15_what_was_done_stands_in_the_order_of_the_names",
        "test_versions_are_deleted_as_one",
    ),
    **_for(
        "S3 has no way to change a version: the store refuses it",
        "test_an_operation_in_a_bucket_with_versions_happens_wholly_or_not_at_all[update]",
        "test_properties_of_any_version_can_be_changed",
        "test_locks_are_not_changed_as_other_properties_are",
    ),
    **_for(
        "S3 has no objects that vanish at a time of their own: the store refuses them",
        "test_a_time_to_vanish_is_no_way_past_a_lock",
    ),
    **_for(
        "S3 tells when a delete marker was made only to those who name it",
        "test_a_delete_puts_a_marker_in_the_place_of_the_object",
    ),
    **_for("rows of S3's listings bear no properties", "test_a_copy_onto_itself_makes_a_version"),
    **_for(
        "S3 tells times in whole seconds",
        "test_a_copy_keeps_everything_but_name_and_time",
        "test_an_object_is_as_it_was_put",
        "test_o11_an_append_extends_the_object",
    ),
    **_for("S3 does not tell the properties of an upload under way", "test_an_object_is_put_together_from_parts"),
    **_for("S3's rules for names of buckets are stricter", "test_buckets_are_listed_by_name_in_byte_order"),
    **_for("S3 takes 2 KB of metadata", "test_many_properties_of_some_size"),
    **_for(
        "no XML holds control characters",
        "test_odd_names_of_uploads_and_appends",
        "test_odd_names_of_uploads_are_in_byte_order",
    ),
}

_NO_TAGS = _for(
    "it keeps no tags of buckets, where alone S3 could keep their properties",
    "test_a_bucket_created_anew_is_empty",
    "test_a_bucket_is_as_it_was_created",
    "test_creating_a_bucket_again_changes_nothing",
    "test_properties_are_replaced",
    "test_properties_are_set_kept_and_removed",
    "test_what_the_creator_changes_afterwards_does_not_reach_the_store",
)

PORTICO: Mapping[str, str] = {
    **EVERY,
    **_NO_TAGS,
    **_for(
        "our own S3 frontend keeps no tags of buckets",
        "test_a_store_can_be_closed_again_and_again",
        "test_an_operation_cancelled_at_any_moment_happens_wholly_or_not_at_all[update bucket]",
        "test_no_update_is_lost",
        "test_two_stores_do_not_mix",
    ),
    **_for(
        "S3 has no objects that vanish at a time of their own: the store refuses them",
        "test_a_change_sets_keeps_and_removes_the_time",
        "test_a_read_that_began_before_goes_on",
        "test_an_append_begins_anew",
        "test_its_name_is_free_for_writers",
        "test_one_that_was_read_vanishes_like_any_other",
        "test_what_has_vanished_is_gone_for_every_reader",
    ),
    **_for(
        "the store asks for the parts before it completes, and then they are gone",
        "test_a_completion_that_is_repeated_answers_the_same",
        "test_a_repeated_completion_changes_nothing",
        "test_completions_race_with_aborts",
        "test_the_conditions_of_the_first_time_held",
        "test_a_completion_is_remembered_for_a_day",
    ),
}

_NO_CONDITIONAL_PARTS = _for(
    "it completes uploads whatever If-Match says: the store refuses to ask for it",
    "test_a_completion_on_a_condition_that_fails_keeps_the_upload",
    "test_a_completion_on_a_condition_that_holds",
    "test_a_write_whose_condition_fails",
)
_NO_CONDITIONS = _NO_CONDITIONAL_PARTS | _for(
    "it writes whatever the condition: the store refuses to ask for it",
    "test_a_copy_onto_what_may_go",
    "test_a_copy_onto_what_must_stay",
    "test_a_write_where_nothing_stands",
    "test_a_write_whose_condition_holds",
    "test_an_update_and_a_delete_whose_condition_holds",
    "test_what_the_body_dies_of_comes_before_or_after_but_nothing_changes",
)
_NO_CHECKSUMS = _for(
    "it keeps no checksums of parts",
    "test_a_part_keeps_the_checksums_that_were_wanted",
    "test_the_checksum_that_an_upload_asked_for",
)
_FEW_UPLOADS = _for(
    "it does not tell all uploads that are under way",
    "test_uploads_are_grouped",
    "test_uploads_are_listed_by_name_then_id",
    "test_uploads_behind_markers",
    "test_uploads_below_a_prefix",
)

RCLONE: Mapping[str, str] = {
    **EVERY,
    **_NO_TAGS,
    **_NO_CONDITIONS,
    **_NO_CHECKSUMS,
    **_FEW_UPLOADS,
    **_for(
        "its objects are files: a name of one can be no directory of another, nor hold what a path can't",
        "test_bounds_that_are_no_names_are_answered_or_refused",
        "test_deleting_one_leaves_its_neighbours",
        "test_listings_are_those_of_the_model",
        "test_listings_of_every_kind",
        "test_odd_names_are_all_different",
        "test_odd_names_are_kept_to_the_byte",
        "test_odd_names_are_listed_in_byte_order",
        "test_pages_go_on_when_their_marker_is_deleted",
        "test_pages_show_every_row_once",
    ),
    **_for(
        "it streams parts into the file: they come once, in their order, and none is left out",
        "test_a_part_is_replaced_by_a_later_one",
        "test_parts_below_the_minimum_are_refused_but_for_the_last",
        "test_parts_come_in_any_order_and_with_gaps",
        "test_parts_that_are_not_named_are_dropped",
    ),
    **_for(
        "it has no UploadPartCopy",
        "test_a_part_copied_from_an_object_of_parts",
        "test_parts_are_copied_from_objects",
    ),
    **_for(
        "it has no ListMultipartUploads, and its ListParts does not page: the store says so",
        "test_no_uploads",
        "test_parts_are_paged_by_number",
        "test_unknown_uploads",
        "test_uploads_go_with_their_bucket",
    ),
    **_for("it forgets the metadata of uploads in parts", "test_the_time_of_the_object_can_be_stated"),
    **_for(
        "its copies keep the metadata of the source beside what is stated",
        "test_a_copy_onto_itself_changes_properties",
        "test_a_copy_with_properties_of_its_own",
    ),
    **_for("it refuses ranges that reach beyond the end", "test_o19_spans_of_an_object"),
}

MOTO: Mapping[str, str] = {
    **EVERY,
    **_NO_CONDITIONAL_PARTS,
    **_NO_CHECKSUMS,
    **_FEW_UPLOADS,
    **_for("S3 tells times in whole seconds", "test_a_bucket_is_as_it_was_created"),
    **_for("all buckets belong to one account", "test_a_bucket_created_anew_is_empty"),
    **_for("it tells no CRC32 of objects", "test_checksums_are_computed_and_kept"),
    **_for(
        "its server normalizes paths, and its listings fail over what XML can't hold",
        "test_listings_are_those_of_the_model",
        "test_odd_names_are_all_different",
        "test_odd_names_are_kept_to_the_byte",
        "test_odd_names_are_listed_in_byte_order",
    ),
    **_for(
        "it lists versions by the millisecond that they were made in, and reads the one that arrived last",
        "test_32_writers_make_32_versions",
    ),
    **_for("it knows uploads by their ids alone", "test_an_upload_of_another_key"),
    **_for("it answers 500 where an upload is gone", "test_an_upload_aborted_while_a_part_comes_in"),
    **_for("its ListParts passes over the page's size", "test_parts_are_paged_by_number"),
    **_for("it takes no empty parts", "test_empty_parts_make_an_empty_object"),
    **_for(
        "it makes no delete marker where no object stands",
        "test_a_marker_cannot_be_read_by_its_id",
        "test_deleting_what_is_not_there_makes_a_marker_too",
        "test_of_writers_that_want_the_name_free_one_makes_a_version",
        "test_versions_and_current_object_are_deleted_by_racers",
    ),
    **_for(
        "while versioning is suspended it drops all versions with each write, and makes no markers",
        "test_a_version_without_id_is_replaced_wherever_it_stands",
        "test_an_append_makes_a_version",
        "test_deleting_while_suspended_keeps_the_current_version_if_it_has_an_id",
        "test_enabled_again_the_version_without_id_is_kept_in_its_place",
        "test_while_suspended_only_the_version_without_id_is_replaced",
    ),
    **_for(
        "it takes every id for one of a version that is gone",
        "test_a_bypass_is_a_delete_like_any_other",
        "test_ids_that_are_none",
        "test_what_can_not_be_locked",
    ),
    **_for("it forgets the place of a version that is gone", "test_a_version_marker_that_is_gone_still_has_its_place"),
    **_for(
        "it passes over the first row behind a key marker alone",
        "test_a_key_marker_alone_is_behind_all_versions_of_the_key",
    ),
    **_for("a write takes it tens of milliseconds", "test_many_versions_of_one_name"),
    **_for(
        "its DeleteObjects passes over locks",
        "test_a_hold_keeps_a_version_until_it_is_lifted",
        "test_a_lock_is_of_one_version",
        "test_a_retained_version_is_not_removed",
        "test_a_version_from_before_can_be_locked",
        "test_a_writer_states_locks",
        "test_of_many_versions_the_locked_ones_stay",
    ),
    **_for(
        "its clock goes on by itself",
        "test_a_bucket_goes_when_nothing_is_left_in_it",
        "test_only_governance_is_bypassed",
    ),
    **_for("it sets locks in new buckets only", "test_new_versions_have_the_retention_of_their_bucket"),
    **_for("it shortens whatever retention it is asked to", "test_of_racing_retentions_none_is_shortened"),
    **_for("it answers 500 where a version is gone", "test_of_a_hold_and_a_delete_one_wins"),
}

SWIFT: Mapping[str, str] = {
    **EVERY,
    **_NO_TAGS,
    **_NO_CONDITIONAL_PARTS,
    **_NO_CHECKSUMS,
    **_FEW_UPLOADS,
    **_for(
        "of the conditions of writes it minds If-None-Match: * alone: the store refuses to ask for others",
        "test_a_copy_onto_what_may_go",
        "test_a_copy_onto_what_must_stay",
        "test_a_write_where_nothing_stands",
        "test_a_write_whose_condition_holds",
        "test_an_update_and_a_delete_whose_condition_holds",
    ),
    **_for(
        "its uploads that are completed go on for a while",
        "test_a_completed_upload_is_gone",
        "test_parts_that_are_not_named_are_dropped",
    ),
    **_for("its parts have numbers up to 1,000", "test_parts_come_in_any_order_and_with_gaps"),
    **_for("it takes no empty parts", "test_empty_parts_make_an_empty_object"),
    **_for("it tells a copied range by another ETag than the part's", "test_parts_are_copied_from_objects"),
    **_for("it tells no CRC32 of objects", "test_checksums_are_computed_and_kept"),
    **_for("a listing takes it a tenth of a second", "test_listings_are_those_of_the_model"),
}
