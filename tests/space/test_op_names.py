import pytest

from nasci.errors import ArchitectureError
from nasci.space import ALL_OP_NAMES, DARTS_OP_NAMES, NONE, STUDY_OP_NAMES, op_set


def test_the_sets_of_the_papers() -> None:
    assert set(DARTS_OP_NAMES) == {
        *("none", "skip_connect", "max_pool_3x3", "avg_pool_3x3"),
        *("sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"),
    }
    assert set(STUDY_OP_NAMES) - set(DARTS_OP_NAMES) == {
        *("max_pool_2x2", "avg_pool_2x2", "sep_conv_7x7")
    }
    assert set(ALL_OP_NAMES) - set(STUDY_OP_NAMES) == {"conv_7x1_1x7", "noise"}
    for names, number in ((DARTS_OP_NAMES, 8), (STUDY_OP_NAMES, 11), (ALL_OP_NAMES, 13)):
        assert len(names) == len(set(names)) == number
        assert names[0] == NONE


def test_op_set_by_name() -> None:
    assert op_set("darts") == DARTS_OP_NAMES
    assert op_set("study") == STUDY_OP_NAMES
    assert op_set("all") == ALL_OP_NAMES


def test_op_set_of_names_keeps_the_order() -> None:
    assert op_set(["noise", "sep_conv_3x3"]) == ("noise", "sep_conv_3x3")


def test_op_set_knows_ops_of_a_caller() -> None:
    assert op_set(["fft_conv"], known=(*ALL_OP_NAMES, "fft_conv")) == ("fft_conv",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("dart", "op set.*'dart'; did you mean `darts`"),
        ("sep_conv_3x3", "op set.*'sep_conv_3x3'; choose one of `darts`, `study`, `all`"),
        (["sep_conv_3x"], "'sep_conv_3x'; did you mean `sep_conv_3x3`"),
        (["noise", "fft_conv"], "'fft_conv'"),
        (["noise", "none", "noise"], "'noise' 2 times"),
        ([], "at least one op"),
        ([3], "but got 3;"),
    ],
)
def test_op_set_refuses(names: str | list[str], message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        op_set(names)
