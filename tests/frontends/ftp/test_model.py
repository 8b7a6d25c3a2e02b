"""Random sequences of commands beside a model of the tree, in which uploads break and clients vanish."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stores.memory import Memory
from tests.frontends.ftp.world import Client, World, download, make_bucket, serving, upload

FILES = ("f", "g", "d/f", "e/f", "d/sub/f")
DIRECTORIES = ("d", "e", "d/sub")

Step = tuple[str, str, str, bytes]

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(("STOR", "APPE", "BREAK")), st.sampled_from(FILES), st.just(""), st.binary(max_size=9)
        ),
        st.tuples(st.sampled_from(("RETR", "DELE", "SIZE")), st.sampled_from(FILES), st.just(""), st.just(b"")),
        st.tuples(st.just("RENAME"), st.sampled_from(FILES), st.sampled_from(FILES), st.just(b"")),
        st.tuples(
            st.sampled_from(("MKD", "RMD", "CWD", "NLST")), st.sampled_from(DIRECTORIES), st.just(""), st.just(b"")
        ),
        st.just(("VANISH", "", "", b"")),
    ),
    max_size=14,
)


@dataclass
class Model:
    """The files, and the directories that somebody made. A directory is also what files lie in."""

    files: dict[str, bytes] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def is_there(self, directory: str) -> bool:
        return directory in self.made or any(self.below(directory))

    def has_parent(self, name: str) -> bool:
        parent, _, _ = name.rpartition("/")
        return not parent or self.is_there(parent)

    def below(self, directory: str) -> Iterator[str]:
        return (name for name in (*self.files, *self.made) if name.startswith(f"{directory}/"))

    def names(self) -> list[str]:
        return sorted([*self.files, *(f"{directory}/" for directory in self.made)])


@given(STEPS)
@settings(max_examples=40)
async def test_commands_do_what_the_model_does(steps: list[Step]) -> None:
    store, model = Memory(), Model()
    await store.start()
    await make_bucket(store)
    async with serving(store) as world:
        client = await world.login()
        for verb, name, other, data in steps:
            if verb == "VANISH":
                client.reset()
                client = await world.login()
            else:
                await _do_to_file(client, model, verb, name, other, data)
                await _do_to_directory(client, model, verb, name)
            assert await client.code("NOOP") == 200
        await _agrees(world, model)
    await store.aclose()


async def _do_to_file(client: Client, model: Model, verb: str, name: str, other: str, data: bytes) -> None:
    there = name in model.files
    match verb:
        case "STOR":
            assert (await upload(client, f"STOR /c/{name}", data)).code == 226
            model.files[name] = data
        case "APPE":
            assert (await upload(client, f"APPE /c/{name}", data)).code == 226
            model.files[name] = model.files.get(name, b"") + data
        case "BREAK":
            with await client.passive():
                assert await client.code(f"STOR /c/{name}") == 150
                assert await client.code("ABOR") == 426
                assert (await client.answer()).code == 226
        case "RETR" if there:
            assert await download(client, f"RETR /c/{name}") == model.files[name]
        case "RETR":
            with await client.passive():
                assert await client.code(f"RETR /c/{name}") == 550
        case "SIZE":
            answer = await client.do(f"SIZE /c/{name}")
            assert answer.lines[0].startswith(f"213 {len(model.files[name])}" if there else "550")
        case "DELE":
            assert await client.code(f"DELE /c/{name}") == (250 if there else 550)
            model.files.pop(name, None)
        case "RENAME":
            assert await client.code(f"RNFR /c/{name}") == (350 if there else 550)
            may = model.has_parent(other)
            assert await client.code(f"RNTO /c/{other}") == ((250 if may else 550) if there else 503)
            if there and may:
                model.files[other] = model.files.pop(name)
        case _:
            pass


async def _do_to_directory(client: Client, model: Model, verb: str, name: str) -> None:
    match verb:
        case "MKD":
            may = model.has_parent(name) and not model.is_there(name)
            assert await client.code(f"MKD /c/{name}") == (257 if may else 550)
            if may:
                model.made.add(name)
        case "RMD":
            is_empty = model.is_there(name) and not any(model.below(name))
            assert await client.code(f"RMD /c/{name}") == (250 if is_empty else 550)
            if is_empty:
                model.made.discard(name)
        case "CWD":
            assert await client.code(f"CWD /c/{name}") == (250 if model.is_there(name) else 550)
        case "NLST" if model.is_there(name):
            told = (await download(client, f"NLST /c/{name}")).decode().splitlines()
            assert told == sorted({entry.removeprefix(f"{name}/").split("/")[0] for entry in model.below(name)})


async def _agrees(world: World, model: Model) -> None:
    assert await world.names() == model.names()
    assert {name: await world.get(name) for name in model.files} == model.files
