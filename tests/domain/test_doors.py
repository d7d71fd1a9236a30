"""Doors in the order in which people look for them."""

from domain.doors import in_a_row


def test_numbers_stand_by_their_size_and_words_by_their_letters() -> None:
    doors = ["1001", "601", "10", "2单元402", "2单元1001", "10单元101", "B2", "B10", "a", "", "6０2", "地下室"]
    in_order = ["", "2单元402", "2单元1001", "10", "10单元101", "601", "6０2", "1001", "B2", "B10", "a", "地下室"]
    assert sorted(doors, key=in_a_row) == in_order


def test_the_building_goes_before_the_door() -> None:
    homes = [("10号楼", "101"), ("2号楼", "1001"), ("2号楼", "601")]
    assert sorted(homes, key=lambda home: in_a_row(*home)) == [("2号楼", "601"), ("2号楼", "1001"), ("10号楼", "101")]
