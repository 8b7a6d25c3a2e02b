from tests.unit.ftp.reference import PAGE, page


def test_the_page_of_commands_is_the_command_table() -> None:
    assert PAGE.read_text() == page(), "make it anew: python -m tests.unit.ftp.reference"
