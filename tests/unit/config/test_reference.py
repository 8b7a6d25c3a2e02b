from tests.unit.config.reference import PAGE, page, undescribed


def test_the_page_of_settings_is_what_the_models_check() -> None:
    assert PAGE.read_text() == page(), "make it anew: python -m tests.unit.config.reference"


def test_every_setting_is_described() -> None:
    assert list(undescribed()) == []
