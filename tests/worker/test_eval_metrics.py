"""The measures themselves, without a network: by hand, by invariants, and beside other implementations."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_worker.evaluation import EvaluationError, coco, diagnostics, pck
from mocap_worker.evaluation.oks import keypoint_similarity, oks, oks_nms, person_score
from mocap_worker.evaluation.results import Prediction, coco_results
from mocap_worker.evaluation.sigmas import SIGMAS, WHOLEBODY_PARTS

COCO_SIGMAS = SIGMAS["coco17"]
PERSON = [{"id": 1, "name": "person"}]


def people(rng, keypoints=17, images=12, most=4, first_id=0):
    """Annotations of people scattered over pictures, all joints within their boxes, some not labelled."""
    labelled, pictures = [], []
    for image in range(images):
        pictures.append({"id": image, "width": 640, "height": 480, "crowdIndex": float(rng.random())})
        for _ in range(rng.integers(0, most + 1)):
            size = rng.uniform(50, 250, 2)
            place = rng.uniform(0, [640, 480] - size)
            points = place + rng.uniform(0, 1, (keypoints, 2)) * size
            visibility = rng.choice([0, 1, 2], keypoints, p=[0.2, 0.3, 0.5])
            visibility[0] = 2
            labelled.append(
                {
                    "id": first_id + len(labelled),
                    "image_id": image,
                    "category_id": 1,
                    "bbox": [*place.tolist(), *size.tolist()],
                    "area": float(0.6 * size.prod()),
                    "iscrowd": 0,
                    "num_keypoints": int((visibility > 0).sum()),
                    "keypoints": np.column_stack([points, visibility]).reshape(-1).tolist(),
                }
            )
    return {"images": pictures, "annotations": labelled, "categories": PERSON}


def perfect(annotations, score=1.0):
    """Results that say what the annotations say."""
    results = []
    for a in annotations["annotations"]:
        rows = np.array(a["keypoints"]).reshape(-1, 3).copy()
        rows[:, 2] = 0.9
        results.append(
            {
                "image_id": a["image_id"],
                "category_id": a["category_id"],
                "keypoints": rows.reshape(-1).tolist(),
                "score": score,
                "annotation_id": a["id"],
            }
        )
    return results


def moved(results, rng, px):
    shifted = copy.deepcopy(results)
    for result in shifted:
        rows = np.array(result["keypoints"]).reshape(-1, 3)
        rows[:, :2] += rng.normal(0, px, (len(rows), 2))
        result["keypoints"] = rows.reshape(-1).tolist()
        result["score"] = float(rng.random())
    return shifted


def average_precision(similarities, scores):
    """AP and AR by the book for one person and one result a picture: an implementation of its own.

    similarities, scores: (N,), the OKS of each picture's result to its person.
    """
    order = np.argsort(-scores, kind="stable")
    aps, ars = [], []
    for threshold in np.linspace(0.5, 0.95, 10):
        hit = similarities[order] >= threshold
        found, wrong, points = 0, 0, []
        for is_hit in hit:
            found, wrong = found + is_hit, wrong + (not is_hit)
            points.append((found / len(hit), found / (found + wrong)))
        aps.append(
            sum(max((p for r, p in points if r >= recall), default=0.0) for recall in np.linspace(0, 1, 101)) / 101
        )
        ars.append(found / len(hit))
    return np.mean(aps), np.mean(ars)


# --- OKS --------------------------------------------------------------------------------------------------


def test_similarity_by_hand():
    # s² = 2500, σ = 0.1: k = 0.2, 2 s² k² = 200. Ten pixels off: exp(−100 / 200).
    found = keypoint_similarity(np.array([[13.0, 14.0]]), np.array([[7.0, 6.0]]), 2500.0, np.array([0.1]))
    assert found == pytest.approx([math.exp(-0.5)])


def test_oks_is_the_mean_over_labelled_joints_and_nan_is_like_nothing():
    predicted = np.array([[0.0, 0.0], [np.nan, np.nan], [500.0, 500.0]])
    labelled = np.array([True, True, False])
    assert oks(predicted, np.zeros((3, 2)), labelled, 100.0, np.full(3, 0.1)) == pytest.approx(0.5)
    assert oks(predicted, np.zeros((3, 2)), np.zeros(3, bool), 100.0, np.full(3, 0.1)) == 0.0


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-500, 500))
@settings(max_examples=50, deadline=None)
def test_oks_does_not_care_where_or_how_large_the_picture_is(seed, scale, shift):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 200, (5, 17, 2))
    predicted = truth + rng.normal(0, 8, truth.shape)
    labelled = rng.random((5, 17)) < 0.7
    area = rng.uniform(500, 20000, 5)
    one = oks(predicted, truth, labelled, area, COCO_SIGMAS)
    other = oks(scale * predicted + shift, scale * truth + shift, labelled, scale**2 * area, COCO_SIGMAS)
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert (one >= 0).all() and (one <= 1).all()


def test_score_of_a_person_counts_sure_keypoints_only():
    assert person_score(0.5, np.array([0.8, 0.4, 0.1, 0.2])) == pytest.approx(0.5 * 0.6)
    assert person_score(1.0, np.array([0.2, 0.1])) == 0.0


def test_nms_keeps_the_better_of_two_that_are_alike_and_both_of_two_apart():
    pose = np.arange(34.0).reshape(17, 2)
    three = np.stack([pose, pose + 0.1, pose + 200])
    assert oks_nms(three, np.array([0.5, 0.9, 0.1]), np.full(3, 900.0), COCO_SIGMAS) == [1, 2]
    # similarity of the first two as the threshold: "not more than" stays
    exact = keypoint_similarity(three[0], three[1], 900.0, COCO_SIGMAS).mean()
    assert oks_nms(three, np.array([0.5, 0.9, 0.1]), np.full(3, 900.0), COCO_SIGMAS, exact) == [1, 0, 2]


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.95))
@settings(max_examples=40, deadline=None)
def test_nms_leaves_nobody_alike_and_removes_nobody_without_a_better_one(seed, threshold):
    rng = np.random.default_rng(seed)
    base = rng.uniform(0, 100, (4, 17, 2))
    poses = base[rng.integers(0, 4, 12)] + rng.normal(0, rng.uniform(0, 6), (12, 17, 2))
    scores, areas = rng.permutation(12) / 12, rng.uniform(1000, 9000, 12)
    kept = oks_nms(poses, scores, areas, COCO_SIGMAS, threshold)

    def alike(i, j):
        return keypoint_similarity(poses[i], poses[j], (areas[i] + areas[j]) / 2, COCO_SIGMAS).mean()

    assert all(alike(i, j) <= threshold for i in kept for j in kept if i != j)
    for gone in set(range(12)) - set(kept):
        assert any(scores[i] > scores[gone] and alike(i, gone) > threshold for i in kept)


# --- AP and AR --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in SIGMAS if name != "coco133"])
def test_perfect_predictions_score_one_in_every_skeleton(name):
    annotations = people(np.random.default_rng(1), len(SIGMAS[name]))
    figures = coco.evaluate(annotations, perfect(annotations), SIGMAS[name], use_area=name != "aic14")
    assert figures["ap"] == figures["ar"] == figures["ap_75"] == figures["ar_50"] == 1.0


def test_perfect_predictions_score_one_in_crowds_and_in_each_part_of_the_whole_body():
    rng = np.random.default_rng(2)
    crowd = people(rng, 14, images=40)
    assert set(coco.evaluate_crowdpose(crowd, perfect(crowd)).values()) == {1.0}
    whole = people(rng, 133)
    results = perfect(whole)
    for annotation in whole["annotations"]:
        rows = annotation.pop("keypoints")
        for field, where in WHOLEBODY_PARTS.values():
            annotation[field] = rows[3 * where.start : 3 * where.stop]
            annotation[field][2] = 2
    figures = coco.evaluate_wholebody(whole, results)
    assert list(figures) == ["body", "foot", "face", "left_hand", "right_hand", "wholebody"]
    assert all(part["ap"] == part["ar"] == 1.0 for part in figures.values())


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_ap_and_ar_equal_an_implementation_by_the_book(seed):
    rng = np.random.default_rng(seed)
    annotations = people(rng, images=25)
    first = {a["image_id"]: a for a in reversed(annotations["annotations"])}
    annotations["annotations"] = list(first.values())
    results = moved(perfect(annotations), rng, rng.uniform(1, 30))
    truth = np.array([a["keypoints"] for a in annotations["annotations"]]).reshape(-1, 17, 3)
    found = np.array([r["keypoints"] for r in results]).reshape(-1, 17, 3)
    area = np.array([a["area"] for a in annotations["annotations"]])
    similar = oks(found[..., :2], truth[..., :2], truth[..., 2] > 0, area, COCO_SIGMAS)
    ap, ar = average_precision(similar, np.array([r["score"] for r in results]))
    figures = coco.evaluate(annotations, results, COCO_SIGMAS)
    assert figures["ap"] == pytest.approx(ap, abs=1e-9) and figures["ar"] == pytest.approx(ar, abs=1e-9)


def test_average_precision_by_hand():
    annotations = people(np.random.default_rng(0), images=60, most=1)
    annotations["annotations"] = annotations["annotations"][:3]
    results = perfect(annotations)
    results[1]["keypoints"] = (np.array(results[1]["keypoints"]) + 3000).tolist()
    for result, score in zip(results, (0.9, 0.8, 0.7), strict=True):
        result["score"] = score
    # Ranked right, wrong, right: precision 1 up to recall 1/3, then 2/3 up to recall 2/3, then nothing.
    figures = coco.evaluate(annotations, results, COCO_SIGMAS)
    assert figures["ar"] == pytest.approx(2 / 3)
    assert figures["ap"] == pytest.approx((34 + 33 * 2 / 3) / 101)


def test_missed_people_cost_recall_and_false_ones_cost_precision():
    annotations = people(np.random.default_rng(3), images=30)
    results = perfect(annotations)
    count = len(results)
    half = coco.evaluate(annotations, results[: count // 2], COCO_SIGMAS)
    assert half["ar"] == pytest.approx((count // 2) / count)
    false = copy.deepcopy(results)
    for result in false:
        result["keypoints"] = (np.array(result["keypoints"]) + 3000).tolist()
        result["score"] = 2.0  # surer than the true ones
    figures = coco.evaluate(annotations, results + false, COCO_SIGMAS)
    assert figures["ar"] == 1.0 and figures["ap"] == pytest.approx(0.5)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_ap_depends_on_the_order_of_scores_only_and_duplicates_never_help(seed):
    rng = np.random.default_rng(seed)
    annotations = people(rng)
    if not annotations["annotations"]:
        return
    results = moved(perfect(annotations), rng, 10)
    figures = coco.evaluate(annotations, results, COCO_SIGMAS)
    squeezed = [{**r, "score": math.tanh(3 * r["score"]) / 7} for r in results]
    assert coco.evaluate(annotations, squeezed, COCO_SIGMAS) == pytest.approx(figures, nan_ok=True)
    twice = coco.evaluate(annotations, results + results, COCO_SIGMAS)
    assert twice["ap"] <= figures["ap"] + 1e-12


def test_ids_from_zero_give_what_ids_from_one_give():
    rng = np.random.default_rng(4)
    zero, one = people(rng, first_id=0), None
    one = copy.deepcopy(zero)
    for annotation in one["annotations"]:
        annotation["id"] += 1
    results = moved(perfect(zero), rng, 6)
    assert coco.evaluate(zero, results, COCO_SIGMAS) == coco.evaluate(one, results, COCO_SIGMAS)


def test_crowds_and_people_without_joints_are_ignored_not_missed():
    annotations = people(np.random.default_rng(5))
    results = perfect(annotations)
    for i, annotation in enumerate(annotations["annotations"]):
        if i % 3 == 0:
            annotation["iscrowd"] = 1
        if i % 3 == 1:
            annotation["keypoints"] = [0] * 51
    assert coco.evaluate(annotations, results[2::3], COCO_SIGMAS)["ar"] == 1.0


def test_nobody_found_is_zero_and_nobody_there_is_no_number():
    annotations = people(np.random.default_rng(6))
    assert coco.evaluate(annotations, [], COCO_SIGMAS)["ap"] == 0.0
    nobody = {**annotations, "annotations": []}
    assert math.isnan(coco.evaluate(nobody, perfect(annotations), COCO_SIGMAS)["ap"])


def test_crowd_levels_are_ap_of_their_own_pictures():
    rng = np.random.default_rng(7)
    annotations = people(rng, 14, images=40)
    results = moved(perfect(annotations), rng, 9)
    figures = coco.evaluate_crowdpose(annotations, results)
    for name, low, high in (("ap_easy", -1, 0.2), ("ap_medium", 0.2, 0.8), ("ap_hard", 0.8, 2)):
        level = [image for image in annotations["images"] if low <= image["crowdIndex"] < high]
        ids = {image["id"] for image in level}
        part = {
            **annotations,
            "images": level,
            "annotations": [a for a in annotations["annotations"] if a["image_id"] in ids],
        }
        alone = coco.evaluate(part, [r for r in results if r["image_id"] in ids], SIGMAS["crowdpose14"], use_area=False)
        assert figures[name] == pytest.approx(alone["ap"])
    assert figures["ap_hard"] != figures["ap_easy"]


def test_the_species_count_alike():
    rng = np.random.default_rng(8)
    annotations = people(rng, images=30)
    for i, annotation in enumerate(annotations["annotations"]):
        annotation["category_id"] = 1 if i % 5 else 2
    annotations["categories"] = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]
    results = [r for r in perfect(annotations) if r["category_id"] == 1]  # no cat is found
    assert coco.evaluate(annotations, results, SIGMAS["ap10k17"])["ap"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda a, r: a["annotations"][0].update(keypoints=[1, 2, 2] * 14), "has 42 keypoint values; expected 51"),
        (lambda a, r: a["annotations"][0].pop("area"), "has no area"),
        (lambda a, r: r[0].update(keypoints=[1.0, 2.0, 0.5] * 133), "A result has 399 keypoint values; expected 51"),
        (lambda a, r: r[0].update(image_id=999), "the annotations do not have, such as 999"),
        (lambda a, r: r[0].update(category_id=7), "of the category 7"),
        (lambda a, r: r[0]["keypoints"].__setitem__(0, math.nan), "no finite numbers"),
    ],
)
def test_what_does_not_fit_is_said(change, sentence):
    annotations = people(np.random.default_rng(9))
    results = perfect(annotations)
    change(annotations, results)
    with pytest.raises(EvaluationError, match=sentence):
        coco.evaluate(annotations, results, COCO_SIGMAS)


# --- results ----------------------------------------------------------------------------------------------


def test_keypoints_that_were_not_found_match_nobody():
    annotations = people(np.random.default_rng(10), images=3)
    lost = [
        Prediction(a["image_id"], 1, np.full((17, 2), np.nan), np.full(17, 0.5), 1.0, 1e4, a["id"])
        for a in annotations["annotations"]
    ]
    results = coco_results(lost, None)
    assert len(results) == len(lost)
    assert coco.evaluate(annotations, results, COCO_SIGMAS)["ap"] == 0.0


def test_results_are_scored_and_two_boxes_of_one_person_give_one():
    pose = np.random.default_rng(0).uniform(0, 100, (17, 2))
    scores = np.full(17, 0.6)
    both = [
        Prediction(7, 1, pose, scores, 0.5, 9000.0, None),
        Prediction(7, 1, pose + 0.2, scores, 0.9, 9000.0, None),
        Prediction(8, 1, pose, scores, 0.4, 9000.0, None),
    ]
    results = coco_results(both, COCO_SIGMAS)
    assert [(r["image_id"], pytest.approx(r["score"])) for r in results] == [(7, 0.54), (8, 0.24)]
    assert results[0]["keypoints"][:3] == pytest.approx([*(pose[0] + 0.2), 0.6])
    assert len(coco_results(both, None)) == 3


# --- PCK --------------------------------------------------------------------------------------------------


def test_pckh_by_hand():
    # Two people with heads of 10 and 20 px; every joint off by 5, so within half a head for both.
    truth = np.zeros((2, 16, 2))
    predicted = truth + np.array([3.0, 4.0])
    labelled = np.ones((2, 16), bool)
    figures = pck.pckh(predicted, truth, labelled, np.array([10.0, 20.0]))
    assert figures["pckh"] == figures["head"] == figures["wrist"] == 1.0 and figures["pckh_0_1"] == 0.0
    figures = pck.pckh(predicted, truth, labelled, np.array([9.9, 20.0]))
    assert figures["pckh"] == 0.5
    predicted[1, 9] += 100  # the head's top of the second
    labelled[1, 10:12] = False
    figures = pck.pckh(predicted, truth, labelled, np.array([9.9, 20.0]))
    # 14 joints count (not pelvis and thorax): 14 + 12 labelled, of the second's 12 all but one are right.
    assert figures["pckh"] == pytest.approx(11 / 26) and figures["head"] == 0.0
    predicted[:, 6:8] += 500
    assert pck.pckh(predicted, truth, labelled, np.array([9.9, 20.0])) == figures


def test_auc_and_epe_by_hand_and_perfect():
    truth = np.zeros((1, 21, 2))
    labelled = np.ones((1, 21), bool)
    assert pck.auc(truth, truth, labelled) == 1.0 and pck.epe(truth, truth, labelled) == 0.0
    off = truth + np.array([9.0, 12.0])  # 15 px: within the thresholds 15, 16.5, …, 28.5 of 30, ten of twenty
    assert pck.auc(off, truth, labelled) == 0.5 and pck.epe(off, truth, labelled) == 15.0
    off[0, 0] = np.nan
    assert pck.auc(off, truth, labelled) == pytest.approx(0.5 * 20 / 21) and pck.epe(off, truth, labelled) == 15.0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_pck_grows_with_the_threshold_and_counts_what_a_loop_counts(seed):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 100, (9, 5, 2))
    predicted = truth + rng.normal(0, 12, truth.shape)
    labelled, sizes = rng.random((9, 5)) < 0.6, rng.uniform(10, 60, 9)
    sizes[0] = 0
    shares = [pck.pck_by_keypoint(predicted, truth, labelled, sizes, t) for t in (0.1, 0.2, 0.5)]
    for k in range(5):
        hits = [math.dist(predicted[n, k], truth[n, k]) <= 0.2 * sizes[n] for n in range(1, 9) if labelled[n, k]]
        assert shares[1][k] == pytest.approx(np.mean(hits) if hits else math.nan, nan_ok=True)
    known = ~np.isnan(shares[0])
    assert (shares[0][known] <= shares[1][known]).all() and (shares[1][known] <= shares[2][known]).all()


# --- diagnostics ------------------------------------------------------------------------------------------


def pairs_of(truth, predicted, visibility=None, scores=None, radius=5.0, cut_off=None):
    shape = truth.shape[:2]
    return diagnostics.Pairs(
        np.arange(len(truth)),
        truth,
        np.full(shape, 2) if visibility is None else visibility,
        predicted,
        np.full(shape, 0.5) if scores is None else scores,
        np.full(shape, radius),
        np.zeros(len(truth), bool) if cut_off is None else cut_off,
        np.ones(len(truth), bool),
    )


def test_radius_is_where_similarity_is_one_half():
    radius = diagnostics.oks_radius(np.array([900.0, 2500.0]), COCO_SIGMAS)
    for area, row in zip((900.0, 2500.0), radius, strict=True):
        off = np.column_stack([row, np.zeros(17)])
        np.testing.assert_allclose(keypoint_similarity(off, np.zeros((17, 2)), area, COCO_SIGMAS), 0.5, rtol=1e-9)


def test_left_taken_for_right_is_counted_and_a_plain_miss_is_not():
    truth = np.array([[[0.0, 0], [50, 0], [0, 90], [50, 90]]] * 3)
    predicted = truth.copy()
    predicted[0, [0, 1]] = truth[0, [1, 0]]  # both exchanged
    predicted[1, 0] = truth[1, 1]  # both on the right one
    predicted[2, 2] = [0, 300]  # somewhere else
    found = diagnostics.swaps(pairs_of(truth, predicted), ((0, 1), (2, 3)))
    assert found == {"swap_rate": 3 / 12, "pair_swap_rate": 1 / 6}
    found = diagnostics.swaps(pairs_of(truth, predicted, radius=60.0), ((0, 1), (2, 3)))
    assert found["swap_rate"] == 0.0  # too near to one another to tell


def test_joints_by_visibility_and_the_curve_of_scores_by_hand():
    truth = np.zeros((2, 3, 2))
    predicted = truth + np.array([[[1.0, 0], [9, 0], [0, 0]], [[0, 0], [0, 0], [np.nan, np.nan]]])
    visibility = np.array([[2, 1, 0], [2, 1, 2]])
    scores = np.array([[0.9, 0.3, 0.8], [0.7, 0.6, 0.0]])
    measured = diagnostics.measure(pairs_of(truth, predicted, visibility, scores, cut_off=np.array([True, False])), ())
    joints = measured["joints"]
    assert joints["visible"] == {"count": 3, "correct": pytest.approx(2 / 3), "score": pytest.approx(1.6 / 3)}
    assert joints["occluded"]["correct"] == 0.5 and joints["truncated"]["count"] == 2
    assert joints["all"]["correct"] == pytest.approx(3 / 5) and measured["score_not_labelled"] == 0.8
    curve = {row["threshold"]: row for row in measured["score_curve"]}
    assert curve[0.0]["precision"] == pytest.approx(3 / 5) and curve[0.0]["count"] == 5
    assert curve[0.6] == {"threshold": 0.6, "precision": 1.0, "recall": pytest.approx(3 / 5), "count": 3}
    assert math.isnan(curve[0.95]["precision"])
    absent = diagnostics.measure(pairs_of(truth, predicted, visibility, scores), (), absent_is_wrong=True)
    assert absent["score_curve"][12]["precision"] == pytest.approx(3 / 4)  # 0.6: the unlabelled one at 0.8 is wrong


def test_people_are_paired_with_their_own_box_or_the_nearest_pose():
    rng = np.random.default_rng(11)
    annotations = people(rng, images=10, most=3)
    results = moved(perfect(annotations), rng, 2)
    areas = np.array([a["area"] for a in annotations["annotations"]])

    def pair(results):
        return diagnostics.paired(
            annotations,
            results,
            lambda a: a["keypoints"],
            lambda kept: diagnostics.oks_radius(np.array([a["area"] for a in kept]), COCO_SIGMAS),
            COCO_SIGMAS,
        )

    own = pair(results)
    assert own.found.all() and list(own.annotation_ids) == [a["id"] for a in annotations["annotations"]]
    np.testing.assert_allclose(own.radius, diagnostics.oks_radius(areas, COCO_SIGMAS))
    shuffled = [{**r, "annotation_id": None} for r in results]
    rng.shuffle(shuffled)
    np.testing.assert_allclose(pair(shuffled).predicted, own.predicted)
    without_last = pair(results[:-1])
    assert list(without_last.found) == [True] * (len(areas) - 1) + [False]
    assert np.isnan(without_last.predicted[-1]).all() and len(without_last.of_found().truth) == len(areas) - 1
    assert not pair([]).found.any()
    measured = diagnostics.measure(without_last, ())
    assert (measured["people"], measured["people_found"]) == (len(areas), len(areas) - 1)


def test_sigmas_have_a_value_a_keypoint():
    assert {name: len(values) for name, values in SIGMAS.items()} == {
        "coco17": 17, "crowdpose14": 14, "mpii16": 16, "ap10k17": 17, "coco133": 133, "aic14": 14,
    }  # fmt: skip
    from pycocotools.cocoeval import Params

    np.testing.assert_allclose(SIGMAS["coco17"], Params(iouType="keypoints").kpt_oks_sigmas)
    np.testing.assert_array_equal(SIGMAS["coco133"][:17], SIGMAS["coco17"])
    np.testing.assert_array_equal(SIGMAS["coco133"][91:112], SIGMAS["coco133"][112:])
