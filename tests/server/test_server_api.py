"""The HTTP API of a real server: the library, live runs, jobs; each answer against what the model itself says."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import signal
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example
from PIL import Image
from serving import BYTES, Answer, Server, Start

from tensorview import attribute
from tensorview.formats import open_bundle
from tensorview.tracing import trace

API = "/api/v1"


@pytest.fixture(scope="module")
def server(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return start_server("--library", tmp_path_factory.mktemp("api") / "library")


@pytest.fixture(scope="module")
def model(server: Server, lenet: Example) -> str:
    """LeNet in the library, opened."""
    item = server.ask(f"{API}/items?name=LeNet.keras", "POST", lenet.path.read_bytes(), BYTES).json
    opened = server.ask(f"{API}/items/{item['id']}/open", "POST")
    assert opened.status == 202
    assert finished(server, opened.json["job"]["id"])["state"] == "done"
    return str(item["id"])


@pytest.fixture(scope="module")
def report(server: Server, tview: Path) -> str:
    return str(server.ask(f"{API}/items?name=digits.tview", "POST", tview.read_bytes(), BYTES).json["id"])


def finished(server: Server, job: str, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = server.ask(f"{API}/jobs/{job}").json
        if found["state"] in ("done", "failed", "cancelled"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job was not done in {seconds} seconds")


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def run(server: Server, model: str, array: Any, query: str = "") -> Answer:
    return server.ask(f"{API}/items/{model}/runs{query}", "POST", npy(array), BYTES)


def test_a_model_is_opened_and_told_of(server: Server, model: str) -> None:
    item = server.ask(f"{API}/items/{model}").json
    assert (item["name"], item["kind"], item["params"], item["opened"]) == ("LeNet", "model", 61706, True)
    assert item["inputs"] == ["28×28×1"]
    manifest = server.ask(f"{API}/items/{model}/manifest").json
    assert (manifest["title"], manifest["model"]["name"], manifest["samples"]) == ("LeNet", "LeNet", [])
    assert server.ask(f"{API}/items/{model}/open", "POST").json == {"opened": True, "job": None}
    warming = server.ask(f"{API}/items/{model}/warm", "POST")
    assert warming.status == 202
    assert finished(server, warming.json["id"])["state"] == "done"


def test_a_report_comes_as_it_is(server: Server, report: str, tview: Path) -> None:
    bundle = open_bundle(tview)
    assert server.ask(f"{API}/items/{report}/manifest").json == json.loads(bundle.manifest_json())
    for blob in bundle.manifest.blobs:
        assert server.ask(f"{API}/items/{report}/blobs/{blob.id}").data == bundle.raw_blob(blob.id)
    node = bundle.manifest.nodes[1].id
    answer = server.ask(f"{API}/items/{report}/layer?node={node}&sample=1")
    np.testing.assert_array_equal(np.load(io.BytesIO(answer.data)), bundle.activation(node, 1))


def test_downloads_open_again(server: Server, report: str, tview: Path, tmp_path: Path) -> None:
    for format in ("html", "tview"):
        answer = server.ask(f"{API}/items/{report}/download?format={format}")
        assert f'filename="digits.{format}"' in answer.headers["Content-Disposition"]
        (tmp_path / f"x.{format}").write_bytes(answer.data)
        assert open_bundle(tmp_path / f"x.{format}").manifest == open_bundle(tview).manifest
    assert server.ask(f"{API}/items/{report}/download?format=json").json["format"] == "tensorview-json-1"
    assert server.ask(f"{API}/items/{report}/download?format=model").status == 409


def test_the_models_file_comes_back(server: Server, model: str, lenet: Example) -> None:
    assert server.ask(f"{API}/items/{model}/download?format=model").data == lenet.path.read_bytes()


def test_what_a_browser_has_is_not_sent_again(server: Server, report: str) -> None:
    for path in ("/manifest", "/blobs/t0", "/picture"):
        first = server.ask(f"{API}/items/{report}{path}")
        again = server.ask(f"{API}/items/{report}{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.data) == (304, b"")
    packed = server.ask(f"{API}/items/{report}/manifest", headers={"Accept-Encoding": "gzip"})
    plain = server.ask(f"{API}/items/{report}/manifest")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_a_run_is_the_models_own(server: Server, model: str, lenet: Example) -> None:
    digit = lenet.inputs[4:5]
    answer = run(server, model, digit, "?name=four&methods=grad_cam")
    assert answer.status == 201
    said = answer.json
    plain = trace(lenet.model, digit)
    top = said["sample"]["predictions"][0]["top"][0]
    assert top["index"] == int(np.argmax(plain.outputs))
    assert top["value"] == pytest.approx(float(np.max(plain.outputs)), rel=1e-5)
    assert said["sample"]["name"] == "four"
    assert [item["method"] for item in said["attributions"]] == ["grad_cam"]
    for blob in said["blobs"]:
        assert len(zlib.decompress(base64.b64decode(blob["data"]), -15)) == blob["size"]

    node = plain.nodes[1].id
    whole = server.ask(f"{API}/runs/{said['run']}/layer?node={node}")
    np.testing.assert_allclose(np.load(io.BytesIO(whole.data)), plain.activation(node)[0], rtol=1e-5)
    part = server.ask(f"{API}/runs/{said['run']}/layer?node={node}", headers={"Range": "bytes=100-199"})
    assert (part.status, part.data) == (206, whole.data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.data)}"
    far = {"Range": f"bytes={len(whole.data)}-"}
    assert server.ask(f"{API}/runs/{said['run']}/layer?node={node}", headers=far).status == 416
    packed = server.ask(f"{API}/runs/{said['run']}/layer?node={node}", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == whole.data

    ref = said["sample"]["activations"][1]["tensor"]
    data = zlib.decompress(server.ask(f"{API}/runs/{said['run']}/blobs/{ref['blob']}").data, -15)
    codes = np.frombuffer(data, np.uint8, int(np.prod(ref["shape"])), ref["offset"]).reshape(ref["shape"])
    grid = np.frombuffer(data, "<f4", 2 * ref["shape"][0], ref["quant"]).reshape(2, -1, 1, 1)
    values = np.moveaxis(plain.activation(node)[0], -1, 0)
    assert np.abs(grid[1] + grid[0] * codes - values).max() <= grid[0].max() * 0.51

    again = server.ask(f"{API}/runs/{said['run']}").json
    assert again["sample"] == said["sample"]


def test_a_picture_is_prepared_and_that_is_told(server: Server, model: str, lenet: Example) -> None:
    pixels = (np.asarray(lenet.inputs[0, :, :, 0]) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    said = server.ask(f"{API}/items/{model}/runs", "POST", buffer.getvalue(), {"Content-Type": "image/png"}).json
    wanted = lenet.model(pixels[None, :, :, None].astype(np.float32) / 255).numpy()
    assert said["sample"]["predictions"][0]["top"][0]["value"] == pytest.approx(float(wanted.max()), rel=1e-4)
    assert "guessed" in said["told"][0]


def test_a_report_asks_its_model(server: Server, model: str, report: str, lenet: Example) -> None:
    assert run(server, report, lenet.inputs[:1]).json["item"] == model


def test_an_attribution_is_a_job_with_progress(server: Server, model: str, lenet: Example) -> None:
    digit = lenet.inputs[2:3]
    made = run(server, model, digit).json["run"]
    asked = {"method": "occlusion", "target": 3, "parameters": {"patch": 7, "stride": 7}}
    job = server.send(f"{API}/runs/{made}/attributions", "POST", asked)
    assert job.status == 202
    events = server.ask(f"{API}/jobs/{job.json['id']}/events").data.decode()
    states = [json.loads(line[6:])["state"] for line in events.splitlines() if line.startswith("data: ")]
    assert states[-1] == "done"
    result = finished(server, job.json["id"])["result"]
    wanted = attribute(lenet.model, digit, "occlusion", 3, patch=7, stride=7)
    found = result["attribution"]
    assert (found["method"], found["target"]) == ("occlusion", 3)
    assert found["score"] == pytest.approx(float(wanted.score[0]), rel=1e-4)
    ref = found["inputs"][0]["tensor"]
    [blob] = [blob for blob in result["blobs"] if blob["id"] == ref["blob"]]
    data = zlib.decompress(base64.b64decode(blob["data"]), -15)
    codes = np.frombuffer(data, np.uint8, 784, ref["offset"]).reshape(28, 28)
    scale, zero = np.frombuffer(data, "<f4", 2, ref["quant"])
    peak = found["inputs"][0]["peak"]
    np.testing.assert_allclose((zero + scale * codes) * peak, wanted.values[0], atol=peak / 100)


def test_what_a_channel_answers_to_is_a_job(server: Server, model: str, lenet: Example) -> None:
    from tensorview.visualization import visualize

    asked = {"objective": "channel:conv_2:3", "steps": 8, "seed": 5}
    made = server.send(f"{API}/items/{model}/visualizations", "POST", asked)
    assert made.status == 202
    result = finished(server, made.json["id"])["result"]
    wanted = visualize(lenet.model, "channel:conv_2:3", steps=8, seed=5)
    assert (result["first"], result["last"]) == pytest.approx(wanted.history[0, [0, -1]].tolist(), rel=1e-3)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(result["picture"]))))
    assert np.abs(picture[..., 0].astype(int) - wanted.images[0, :, :, 0]).mean() < 2
    wrong = server.send(f"{API}/items/{model}/visualizations", "POST", {"objective": "channel:none:3"})
    assert "none" in finished(server, wrong.json["id"])["detail"]
    for bad in ({}, {"objective": ""}, {"objective": "logit:1", "steps": 0}, {"objective": 3}):
        assert server.send(f"{API}/items/{model}/visualizations", "POST", bad).status == 422


def test_weights_are_the_models_own(server: Server, model: str, lenet: Example) -> None:
    made = run(server, model, lenet.inputs[:1]).json["run"]
    said = server.ask(f"{API}/runs/{made}/weights?node=dense_1&channel=7").json
    [kernel, bias] = said["weights"]
    assert (kernel["name"], kernel["shape"], kernel["kept"]) == ("kernel", [400, 120], None)
    own, own_bias = lenet.model.get_layer("dense_1").get_weights()
    data = zlib.decompress(base64.b64decode(said["blobs"][0]["data"]), -15)
    ref = bias["tensor"]
    np.testing.assert_array_equal(np.frombuffer(data, "<f4", 120, ref["offset"]), own_bias)
    ref = kernel["tensor"]
    codes = np.frombuffer(data, np.uint8, own.size, ref["offset"]).reshape(own.shape)
    grid = np.frombuffer(data, "<f4", 2 * own.shape[0], ref["quant"]).reshape(2, -1, 1)
    np.testing.assert_allclose(grid[1] + grid[0] * codes, own, atol=float(grid[0].max()) * 0.51)
    assert server.ask(f"{API}/runs/{made}/weights?node=none").status == 422


def test_a_job_is_cancelled_and_people_are_served_meanwhile(server: Server, model: str, lenet: Example) -> None:
    made = run(server, model, lenet.inputs[:1]).json["run"]
    long = {"method": "rise", "parameters": {"masks": 100_000}}
    job = server.send(f"{API}/runs/{made}/attributions", "POST", long).json["id"]
    waiting = server.send(f"{API}/runs/{made}/attributions", "POST", long).json["id"]
    while server.ask(f"{API}/jobs/{job}").json["share"] == 0:
        assert server.ask(f"{API}/jobs/{job}").json["state"] in ("queued", "running")
    assert run(server, model, lenet.inputs[:1]).status == 201
    assert server.ask(f"{API}/items").status == 200
    listed = {one["id"]: one["state"] for one in server.ask(f"{API}/jobs?item={model}").json}
    assert (listed[job], listed[waiting]) == ("running", "queued")
    assert server.ask(f"{API}/jobs/{waiting}", "DELETE").json["state"] == "cancelled"
    server.ask(f"{API}/jobs/{job}", "DELETE")
    assert finished(server, job)["state"] == "cancelled"


def test_a_run_is_kept_as_a_report(server: Server, model: str, lenet: Example, tmp_path: Path) -> None:
    made = run(server, model, lenet.inputs[7:8], "?name=seven").json["run"]
    job = server.send(f"{API}/runs/{made}/keep", "POST", {"name": "kept", "methods": ["saliency"]}).json["id"]
    item = finished(server, job)["result"]["item"]
    (tmp_path / "kept.tview").write_bytes(server.ask(f"{API}/items/{item}/download?format=tview").data)
    bundle = open_bundle(tmp_path / "kept.tview")
    assert (bundle.manifest.title, bundle.manifest.model.name) == ("kept", "LeNet")
    assert [method.name for method in bundle.manifest.methods] == ["saliency"]
    np.testing.assert_allclose(bundle.activation("digit", 0), lenet.inputs[7], atol=1 / 250)


def test_the_list_is_searched_and_paged(server: Server, model: str, report: str) -> None:
    server.send(f"{API}/items/{report}", "PATCH", {"name": "Zürich <b>digits</b>", "tags": ["a", "b"]})
    assert [item["id"] for item in server.ask(f"{API}/items?q=z%C3%BCrich").json["items"]] == [report]
    assert [item["id"] for item in server.ask(f"{API}/items?tag=a").json["items"]] == [report]
    page = server.ask(f"{API}/items?sort=name&order=up&start=1&most=1").json
    assert len(page["items"]) == 1 and page["total"] >= 2
    assert server.ask(f"{API}/items?sort=constructor").status == 422
    assert {"a", "b"} <= set(page["tags"])


PROBLEMS = [
    ("GET", "/items/none", None, 404), ("GET", "/items/none/manifest", None, 404), ("GET", "/jobs/none", None, 404),
    ("GET", "/runs/none/layer?node=x", None, 404), ("GET", "/nothing", None, 404), ("PUT", "/items", None, 405),
    ("POST", "/items", None, 415), ("PATCH", "/items/{m}", b"{", 400), ("PATCH", "/items/{m}", b"[]", 422),
    ("PATCH", "/items/{m}", b'{"name": 1}', 422), ("PATCH", "/items/{m}", b'{"other": 1}', 422),
    ("PATCH", "/items/{m}", b'{"name": "\\u0000"}', 422), ("PATCH", "/items/{m}", b"[" * 100_000, 400),
    ("GET", "/items?most=0", None, 422), ("GET", "/items?start=-1", None, 422), ("GET", "/items?kind=x", None, 422),
    ("POST", "/items/{m}/runs", b"{}", 415), ("GET", "/items/{m}/blobs/x", None, 404),
    ("GET", "/items/{m}/layer?node=digit", None, 422),
]  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS, ids=lambda case: f"{case[0]} {case[1]} {case[3]}")
def test_errors_are_problem_details(server: Server, model: str, case: tuple[str, str, bytes | None, int]) -> None:
    method, path, body, status = case
    answer = server.ask(API + path.format(m=model), method, body, {"Content-Type": "application/json"} if body else {})
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status and problem["title"] and "\n" not in problem["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "none"}, {"method": 3}, {}, {"method": "smoothgrad", "parameters": {"samples": 0}},
        {"method": "smoothgrad", "parameters": {"none": 1}}, {"method": "smoothgrad", "parameters": []},
        {"method": "grad_cam", "target": -1}, {"method": "grad_cam", "target": True}, {"method": "grad_cam", "more": 1},
        {"method": "grad_cam", "layer": 4},
    ],
)  # fmt: skip
def test_attributions_that_can_not_be(server: Server, model: str, lenet: Example, asked: dict[str, Any]) -> None:
    made = run(server, model, lenet.inputs[:1]).json["run"]
    assert server.send(f"{API}/runs/{made}/attributions", "POST", asked).status == 422


def test_what_only_the_model_can_know_is_told_by_the_job(server: Server, model: str, lenet: Example) -> None:
    made = run(server, model, lenet.inputs[:1]).json["run"]
    asked = {"method": "grad_cam", "target": 99}
    job = finished(server, server.send(f"{API}/runs/{made}/attributions", "POST", asked).json["id"])
    assert job["state"] == "failed" and "10 classes" in job["detail"]


def test_deleting_and_undoing(server: Server, tview: Path) -> None:
    item = server.ask(f"{API}/items?name=gone", "POST", tview.read_bytes(), BYTES).json["id"]
    assert server.ask(f"{API}/items/{item}", "DELETE").json["deleted"]
    assert server.ask(f"{API}/items/{item}/manifest").status == 404
    assert item in [one["id"] for one in server.ask(f"{API}/items?trash=yes").json["items"]]
    assert not server.ask(f"{API}/items/{item}/restore", "POST").json["deleted"]
    assert server.ask(f"{API}/items/{item}/manifest").status == 200


def test_a_model_that_can_not_be_opened_says_why(server: Server, lenet: Example) -> None:
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(lenet.path) as source, zipfile.ZipFile(buffer, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "config.json":
                data = data.replace(b'"class_name": "Conv2D"', b'"class_name": "Warp"')
            target.writestr(info, data)
    item = server.ask(f"{API}/items?name=warped", "POST", buffer.getvalue(), BYTES).json["id"]
    [job] = [one["id"] for one in server.ask(f"{API}/jobs?item={item}").json]
    failed = finished(server, job)
    assert failed["state"] == "failed" and "Warp" in failed["detail"]
    told = server.ask(f"{API}/items/{item}").json["error"]
    assert "Warp" in told and "/" not in re.sub(r"https?://\S+", "", told)
    assert server.ask(f"{API}/items").status == 200


def test_the_document_is_that_of_the_code(server: Server) -> None:
    from tensorview.server.api.spec import document

    assert server.ask(f"{API}/openapi.json").json == json.loads(json.dumps(document()))


def test_given_models_and_bundles_are_shown_beside_the_library(
    start_server: Start, lenet: Example, tview: Path, tmp_path: Path
) -> None:
    server = start_server(lenet.path, tview, "-i", lenet.input_path, "--library", tmp_path / "library")
    items = {item["kind"]: item for item in server.ask(f"{API}/items").json["items"]}
    assert items["model"]["given"] and items["report"]["given"]
    model = items["model"]["id"]
    assert finished(server, server.ask(f"{API}/items/{model}/open", "POST").json["job"]["id"])["state"] == "done"
    assert len(server.ask(f"{API}/items/{model}/manifest").json["samples"]) == 10
    for method in ("DELETE", "PATCH"):
        body = b'{"name": "x"}' if method == "PATCH" else None
        answer = server.ask(f"{API}/items/{model}", method, body, {"Content-Type": "application/json"})
        assert answer.status == 409
    assert tview.exists() and lenet.path.exists()


def test_sigterm_with_jobs_under_way(start_server: Start, lenet: Example, tmp_path: Path) -> None:
    server = start_server("--library", tmp_path / "library")
    item = server.ask(f"{API}/items?name=LeNet", "POST", lenet.path.read_bytes(), BYTES).json["id"]
    made = run(server, item, lenet.inputs[:1]).json["run"]
    long = {"method": "rise", "parameters": {"masks": 100_000}}
    job = server.send(f"{API}/runs/{made}/attributions", "POST", long).json
    while server.ask(f"{API}/jobs/{job['id']}").json["share"] == 0:
        assert server.process.poll() is None
    watching = server.watch(f"{API}/jobs/{job['id']}/events")
    begun = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 4.5, "who watches a job is not waited for"
    watching.close()
    assert "Traceback" not in "".join(server.log)
    again = start_server("--library", tmp_path / "library")
    assert [one["name"] for one in again.ask(f"{API}/items").json["items"]] == ["LeNet"]
    assert again.ask(f"{API}/jobs/{job['id']}").status == 404
    assert again.ask(f"{API}/runs/{made}").status == 404
