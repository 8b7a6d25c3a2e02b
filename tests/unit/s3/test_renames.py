from gateway.frontends.s3.renames import MOST, REMEMBERED, Renames


def test_a_rename_is_known_by_its_caller_and_token() -> None:
    renames = Renames()
    renames.remember("alice", "t", ("a", "b"))
    assert renames.recall("alice", "t") == ("a", "b")
    assert renames.recall("bob", "t") is renames.recall("alice", "u") is None


def test_a_rename_is_forgotten_after_a_while() -> None:
    clock = [0.0]
    renames = Renames(lambda: clock[0])
    renames.remember("alice", "t", "done")
    clock[0] = REMEMBERED
    assert renames.recall("alice", "t") == "done"
    clock[0] += 1
    assert renames.recall("alice", "t") is None


def test_the_oldest_are_forgotten_where_there_are_many() -> None:
    renames = Renames()
    for number in range(MOST + 1):
        renames.remember("alice", str(number), number)
    assert renames.recall("alice", "0") is None
    assert renames.recall("alice", str(MOST)) == MOST
