"""Methods that change what is minimised: noise, mixup, R-Drop, adversaries and teachers, against their formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.engine.workbench_step import Bench, bench
from workbench.engine.method import method_complaints
from workbench.engine.methods.adversarial import move, per_row, within
from workbench.engine.methods.distillation import distance, divergence
from workbench.engine.methods.neftune import noise
from workbench.engine.methods.r_drop import disagreement
from workbench.engine.task import Batch
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.tasks import task_named

Recipes = Callable[..., Recipe]
QUIET = ("regularisation.dropout=0", "training.precision=fp32")


@contextmanager
def read_vectors(made: Bench) -> Iterator[list[torch.Tensor]]:
    """What the layers of the model are given in place of token vectors."""
    seen: list[torch.Tensor] = []
    table = made.model.get_input_embeddings()
    handle = table.register_forward_hook(lambda _m, _i, output: seen.append(output.detach().clone()))
    try:
        yield seen
    finally:
        handle.remove()


def plain(made: Bench, batch: Batch) -> Any:
    """The table's own vectors of a batch."""
    return made.model.get_input_embeddings()(batch["input_ids"]).detach()


def gradients(made: Bench) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in made.model.named_parameters() if p.grad is not None}


# ---- NEFTune


def test_noise_reaches_alpha_over_root_of_length_times_width_and_spares_padding() -> None:
    torch.manual_seed(0)
    mask = torch.tensor([[1] * 400, [1] * 25 + [0] * 375])
    drawn = noise(torch.zeros(2, 400, 16), mask, 5.0)
    for row, length in ((0, 400), (1, 25)):
        reach = 5 / math.sqrt(length * 16)
        mine = drawn[row, :length]
        assert mine.abs().max() <= reach and mine.abs().max() > 0.98 * reach
        assert abs(mine.mean()) < 0.1 * reach
        assert mine.std() == pytest.approx(reach / math.sqrt(3), rel=0.05)
    assert drawn[1, 25:].abs().max() == 0


def test_noise_is_added_in_training_passes_only(recipe: Recipes) -> None:
    made = bench(recipe("regularisation.neftune=5"))
    batch = made.batch()
    with read_vectors(made) as seen:
        made.forward(batch, seed=1)
        made.forward(batch, seed=2)
        made.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    first, second, outside = seen
    assert not torch.equal(first, second)
    assert torch.equal(outside, plain(made, batch))
    torch.manual_seed(1)
    assert torch.equal(first, outside + noise(outside, batch["attention_mask"], 5.0))


# ---- mixup


def test_mixup_blends_vectors_masks_and_losses(recipe: Recipes) -> None:
    made = bench(recipe(*QUIET, "regularisation.mixup=0.7"))
    batch = made.batch(8)
    batch["attention_mask"][0, 3:] = 0
    with read_vectors(made) as seen:
        passed = made.forward(batch)
    blend = passed.blend
    assert blend is not None and 0 < blend.share < 1 and sorted(blend.partners.tolist()) == list(range(8))
    share, partners = blend.share, blend.partners
    vectors = plain(made, batch)
    mixed = share * vectors + (1 - share) * vectors[partners]
    torch.testing.assert_close(seen[0], mixed)
    mask = batch["attention_mask"] | batch["attention_mask"][partners]
    logits = made.model(inputs_embeds=mixed, attention_mask=mask).logits
    torch.testing.assert_close(passed.logits, logits)
    own, other = (
        cross_entropy(logits, targets, reduction="sum")
        for targets in (batch["labels"], batch["labels"][partners])
    )
    torch.testing.assert_close(passed.loss, share * own + (1 - share) * other)


def test_mixup_with_smoothed_labels_is_one_loss_against_blended_smooth_targets(recipe: Recipes) -> None:
    made = bench(recipe(*QUIET, "regularisation.mixup=1", "loss.label_smoothing=0.1"))
    batch = made.batch(8)
    passed = made.forward(batch)
    assert passed.blend is not None
    targets = torch.nn.functional.one_hot(batch["labels"], 3) * 0.9 + 0.1 / 3
    blended = passed.blend.of(targets.float())
    expected = -(blended * torch.log_softmax(passed.logits, dim=-1)).sum()
    torch.testing.assert_close(passed.loss, expected)


def test_the_share_of_a_blend_comes_from_the_beta_distribution(recipe: Recipes) -> None:
    made = bench(recipe(*QUIET, "regularisation.mixup=0.5"))
    shares = []
    for seed in range(120):
        passed = made.forward(made.batch(2), seed)
        assert passed.blend is not None
        shares.append(passed.blend.share)
    found = torch.tensor(shares)
    assert found.mean() == pytest.approx(0.5, abs=0.1)
    assert found.var() == pytest.approx(1 / (4 * (2 * 0.5 + 1)), rel=0.3)


# ---- R-Drop


def test_r_drop_is_the_mean_of_two_losses_and_their_disagreement(recipe: Recipes) -> None:
    made = bench(recipe("training.precision=fp32", "regularisation.r_drop=3"))
    single = bench(recipe("training.precision=fp32"))
    batch = made.batch()
    torch.manual_seed(0)
    one, two = single.assembly.forward(batch), single.assembly.forward(batch)
    p, q = torch.softmax(one.logits.double(), -1), torch.softmax(two.logits.double(), -1)
    apart = ((p * (p / q).log()).sum() + (q * (q / p).log()).sum()) / 2
    assert apart > 1e-4  # dropout makes them differ
    expected = (one.loss + two.loss) / 2 + 3 * apart
    torch.testing.assert_close(made.forward(batch).loss.double(), expected.double(), rtol=1e-5, atol=1e-6)


def test_disagreement_is_zero_for_equals_and_a_number_for_opposites() -> None:
    logits = torch.tensor([[0.0, 1.0, -2.0], [500.0, -500.0, 0.0]])
    assert disagreement(logits, logits) == 0
    assert torch.isfinite(disagreement(logits, -logits)) and disagreement(logits, -logits) > 0


def test_r_drop_with_noise_differs_in_both_passes(recipe: Recipes) -> None:
    made = bench(recipe(*QUIET, "regularisation.r_drop=1", "regularisation.neftune=50"))
    batch = made.batch()
    with read_vectors(made) as seen:
        passed = made.forward(batch)
    assert len(seen) == 2 and not torch.equal(*seen)
    assert torch.isfinite(passed.loss)


def test_r_drop_without_any_chance_is_refused(recipe: Recipes) -> None:
    with pytest.raises(WorkbenchError, match="no dropout") as caught:
        bench(recipe(*QUIET, "regularisation.r_drop=1"))
    assert caught.value.problem.field == "regularisation.r_drop"


def test_r_drop_asks_the_same_blended_question_twice(recipe: Recipes) -> None:
    made = bench(recipe("regularisation.r_drop=1", "regularisation.mixup=1"))
    with read_vectors(made) as seen:
        made.forward(made.batch())
        made.forward(made.batch())
    assert torch.equal(seen[0], seen[1]) and torch.equal(seen[2], seen[3])


# ---- adversaries


def test_moves_have_their_length_and_stay_in_the_ball() -> None:
    torch.manual_seed(0)
    gradient = torch.randn(3, 5, 4) * torch.tensor([1e-25, 1.0, 1e25])[:, None, None]
    mask = torch.tensor([[1, 1, 0, 0, 0], [1] * 5, [1, 0, 0, 0, 0]])
    moved = move(gradient, mask, 0.5)
    torch.testing.assert_close(per_row(moved).flatten(), torch.full((3,), 0.5))
    assert (moved * (1 - mask)[..., None] == 0).all()
    cosine = (moved * gradient).flatten(1)[1].sum() / (moved[1].norm() * gradient[1].norm())
    assert cosine == pytest.approx(1.0)
    assert move(torch.zeros(1, 2, 3), torch.ones(1, 2), 0.5).abs().max() == 0
    assert move(torch.full((1, 2, 3), math.nan), torch.ones(1, 2), 0.5).abs().max() == 0
    assert torch.equal(within(moved, 1.0), moved)
    torch.testing.assert_close(per_row(within(moved * 9, 1.0)).flatten(), torch.ones(3))


def adversarial_gradient(made: Bench, batch: Batch, moved: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """By hand: the loss with moved token vectors, and its gradient with respect to these."""
    vectors = (plain(made, batch) + moved).requires_grad_()
    logits = made.model(inputs_embeds=vectors, attention_mask=batch["attention_mask"]).logits
    loss = cross_entropy(logits, batch["labels"], reduction="sum")
    return loss, torch.autograd.grad(loss, vectors, retain_graph=True)[0]


@pytest.mark.parametrize("lora", [(), ("weights.kind=lora",)])
def test_fgm_learns_from_the_vectors_moved_along_the_gradient(recipe: Recipes, lora: tuple[str, ...]) -> None:
    made = bench(recipe(*QUIET, *lora, "adversarial.kind=fgm", "adversarial.epsilon=0.8"))
    batch = made.batch()
    table = made.model.get_input_embeddings().weight.detach().clone()
    zero = torch.zeros_like(plain(made, batch))
    clean, gradient = adversarial_gradient(made, batch, zero)
    mask = batch["attention_mask"][..., None]
    moved = 0.8 * gradient * mask / (gradient * mask).flatten(1).norm(dim=1)[:, None, None]
    attacked, _ = adversarial_gradient(made, batch, moved)
    assert attacked > clean
    assert made.losses(batch) == pytest.approx([float(clean.detach()), float(attacked.detach())], rel=1e-5)
    found = gradients(made)
    made.model.zero_grad()
    (clean + attacked).backward()
    expected = gradients(made)
    # By hand nothing flows into the table of token vectors; the method adds to its output, so there it does.
    extra = found.keys() - expected.keys()
    assert extra == (set() if lora else {"bert.embeddings.word_embeddings.weight"})
    for name, wanted in expected.items():
        torch.testing.assert_close(found[name], wanted, rtol=1e-4, atol=1e-6)
    assert torch.equal(made.model.get_input_embeddings().weight, table)


def test_pgd_makes_its_moves_and_gives_the_weights_two_gradients_alone(recipe: Recipes) -> None:
    chosen = (
        "adversarial.kind=pgd",
        "adversarial.epsilon=0.35",
        "adversarial.step_size=0.3",
        "adversarial.steps=4",
    )
    made = bench(recipe(*QUIET, *chosen))
    batch = made.batch()
    mask = batch["attention_mask"]
    moved = torch.zeros_like(plain(made, batch))
    clean, gradient = adversarial_gradient(made, batch, moved)
    for _ in range(4):
        moved = within(moved + move(gradient, mask, 0.3), 0.35)
        attacked, gradient = adversarial_gradient(made, batch, moved)
    assert per_row(moved).max() == pytest.approx(0.35)
    assert made.losses(batch) == pytest.approx([float(clean.detach()), float(attacked.detach())], rel=1e-4)
    found = gradients(made)
    made.model.zero_grad()
    (clean + attacked).backward()
    for name, wanted in gradients(made).items():
        torch.testing.assert_close(found[name], wanted, rtol=1e-3, atol=1e-5)


def test_an_adversary_of_a_batch_in_parts_is_that_of_the_whole(recipe: Recipes) -> None:
    made = bench(recipe(*QUIET, "adversarial.kind=fgm"))
    whole = made.batch(6)
    made.losses(whole)
    expected = gradients(made)
    made.model.zero_grad()
    for part in (slice(0, 2), slice(2, 6)):
        made.losses({name: tensor[part] for name, tensor in whole.items()})
    for name, tensor in gradients(made).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-4, atol=1e-6)


def test_an_adversary_leaves_no_hook_behind(recipe: Recipes) -> None:
    made = bench(recipe("adversarial.kind=pgd", "regularisation.mixup=1", "regularisation.neftune=1"))
    made.losses(made.batch())
    assert not made.model.get_input_embeddings()._forward_hooks


def test_an_adversary_moves_blended_rows_and_both_answers_of_r_drop(recipe: Recipes) -> None:
    made = bench(recipe("adversarial.kind=fgm", "regularisation.mixup=1", "regularisation.r_drop=1"))
    batch = made.batch()
    with read_vectors(made) as seen:
        made.losses(batch)
    assert len(seen) == 4
    moves = [moved - own for moved, own in zip(seen[2:], seen[:2], strict=True)]
    assert torch.equal(moves[0], moves[1])
    torch.testing.assert_close(per_row(moves[0]).flatten(), torch.ones(6), rtol=1e-4, atol=1e-4)


# ---- teachers


def taught(recipe: Recipes, teacher: Path, *overrides: str) -> Bench:
    return bench(recipe(*QUIET, f"distillation.teacher='{teacher}'", *overrides))


@pytest.fixture
def teacher(recipe: Recipes, tmp_path: Path) -> Path:
    """A model that has learned the task a little, its classes in another order than the run's."""
    made = bench(recipe(*QUIET, "training.seed=9", "training.learning_rate=0.02"))
    for step in range(1, 9):
        made.step(made.batch(16), step)
    order = torch.tensor([2, 0, 1])
    with torch.no_grad():
        made.model.classifier.weight.copy_(made.model.classifier.weight[order])
        made.model.classifier.bias.copy_(made.model.classifier.bias[order])
    names = [made.assembly.rows.class_names[i] for i in order]
    made.model.config.id2label = dict(enumerate(names))
    made.model.config.label2id = {name: i for i, name in enumerate(names)}
    made.model.save_pretrained(tmp_path / "teacher")
    made.assembly.goods.tokenizer.save_pretrained(tmp_path / "teacher")
    return tmp_path / "teacher"


def teacher_says(teacher: Path, batch: Batch) -> Any:
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(teacher).eval()
    with torch.no_grad():
        given = {name: batch[name] for name in ("input_ids", "attention_mask")}
        found = model(**given, output_hidden_states=True)
    return found.logits[:, [1, 2, 0]], found.hidden_states[-1]


def test_a_teacher_counts_by_alpha_and_temperature(recipe: Recipes, teacher: Path) -> None:
    made = taught(recipe, teacher, "distillation.alpha=0.3", "distillation.temperature=2.5")
    batch = made.batch()
    passed = made.forward(batch)
    answers, _ = teacher_says(teacher, batch)
    p = torch.softmax(answers.double() / 2.5, -1)
    q = torch.softmax(passed.logits.double() / 2.5, -1)
    hard = cross_entropy(passed.logits.double(), batch["labels"], reduction="sum")
    expected = 0.7 * hard + 0.3 * 2.5**2 * (p * (p / q).log()).sum()
    torch.testing.assert_close(passed.loss.double(), expected, rtol=1e-5, atol=1e-6)
    assert not any(p.requires_grad for p in _teacher_of(made).parameters())
    passed.loss.backward()
    assert all(p.grad is None for p in _teacher_of(made).parameters())


def _teacher_of(made: Bench) -> torch.nn.Module:
    (method,) = (method for method in made.assembly.methods if hasattr(method, "_teacher"))
    found: torch.nn.Module = method._teacher.model
    return found


def test_hidden_states_count_without_padding(recipe: Recipes, teacher: Path) -> None:
    made = taught(recipe, teacher, "distillation.alpha=0", "distillation.hidden=2")
    batch = made.batch()
    batch["attention_mask"][1, 4:] = 0
    passed = made.forward(batch)
    _, states = teacher_says(teacher, batch)
    apart = 0.0
    for row, mask in enumerate(batch["attention_mask"].bool()):
        apart += float(
            (passed.outputs.hidden_states[-1][row, mask] - states[row, mask]).square().mean().detach()
        )
    hard = cross_entropy(passed.logits, batch["labels"], reduction="sum")
    assert float(passed.loss.detach()) == pytest.approx(float(hard.detach()) + 2 * apart, rel=1e-5)
    masks = torch.tensor([[1, 1, 0], [1, 1, 1]])
    ones, zeros = torch.ones(2, 3, 4), torch.zeros(2, 3, 4)
    assert distance(ones, zeros, masks, per_row=True) == 2
    assert distance(ones, zeros, masks, per_row=False) == 5


def test_a_blended_row_learns_from_the_blended_answer(recipe: Recipes, teacher: Path) -> None:
    made = taught(recipe, teacher, "distillation.alpha=1", "regularisation.mixup=1")
    batch = made.batch()
    passed = made.forward(batch)
    answers, _ = teacher_says(teacher, batch)
    assert passed.blend is not None
    p = passed.blend.of(torch.softmax(answers / 2, -1))
    q = torch.log_softmax(passed.logits / 2, -1)
    torch.testing.assert_close(passed.loss, 4 * (p * (p.log() - q)).sum(), rtol=1e-4, atol=1e-5)


def test_a_student_that_is_its_teacher_has_nothing_to_learn(recipe: Recipes) -> None:
    logits = torch.randn(5, 3)
    assert divergence(logits, logits, 3.0) == pytest.approx(0, abs=1e-6)


def test_a_language_model_learns_from_another(lm_recipe: Recipes, tiny_llama: Path) -> None:
    made = bench(lm_recipe(*QUIET, f"distillation.teacher='{tiny_llama}'", "distillation.hidden=1"))
    batch = made.batch(3)
    loss = made.losses(batch)[0]
    hard = cross_entropy(made.forward(batch).logits, made.assembly.task.targets(batch), reduction="sum")
    assert loss == pytest.approx(float(hard.detach()) / 2, rel=1e-5)  # it is its own teacher: no divergence


@pytest.mark.parametrize(
    ("wrong", "says"), [("classes", "Its classes are"), ("head", "no head"), ("tokens", "other tokens")]
)
def test_a_teacher_of_something_else_is_refused(
    recipe: Recipes, teacher: Path, tiny_bert: Path, wrong: str, says: str
) -> None:
    config = (teacher / "config.json").read_text(encoding="utf-8")
    if wrong == "classes":
        (teacher / "config.json").write_text(config.replace("weather", "climate"), encoding="utf-8")
    elif wrong == "tokens":
        text = (teacher / "tokenizer.json").read_text(encoding="utf-8")
        (teacher / "tokenizer.json").write_text(text.replace('"rain"', '"reign"'), encoding="utf-8")
    with pytest.raises(WorkbenchError, match=says) as caught:
        taught(recipe, tiny_bert if wrong == "head" else teacher)
    assert caught.value.problem.field == "distillation.teacher" and caught.value.problem.remedy


def test_a_teacher_that_cannot_be_read_is_named(recipe: Recipes, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError) as caught:
        taught(recipe, tmp_path / "nothing")
    assert caught.value.problem.field == "distillation.teacher"


# ---- what does not go together


@pytest.mark.parametrize(
    ("overrides", "fields"),
    [
        (("regularisation.mixup=0.2", "loss.kind=focal"), ["regularisation.mixup"]),
        (("regularisation.r_drop=1", "loss.kind=mse"), ["regularisation.r_drop"]),
        (("distillation.teacher=x", "loss.kind=bce"), ["distillation.teacher"]),
        (("distillation.hidden=1",), ["distillation.teacher"]),
        (("regularisation.mixup=0.2", "regularisation.r_drop=1", "adversarial.kind=pgd"), []),
    ],
)
def test_impossible_combinations_name_their_field(
    recipe: Recipes, overrides: tuple[str, ...], fields: list[str]
) -> None:
    chosen = recipe(*overrides)
    found = method_complaints(chosen, task_named(chosen.task.kind))
    assert [problem.field for problem in found] == fields
    assert all(problem.title and problem.cause and problem.remedy for problem in found)


def test_mixup_is_for_rows_with_one_label(lm_recipe: Recipes) -> None:
    (problem,) = method_complaints(lm_recipe("regularisation.mixup=0.2"), task_named("causal-lm"))
    assert problem.field == "regularisation.mixup"


def test_a_model_without_token_vectors_is_refused(recipe: Recipes) -> None:
    made = bench(recipe("adversarial.kind=fgm"))
    workshop = _workshop(made, torch.nn.Linear(2, 2))
    with pytest.raises(WorkbenchError, match="no table of token vectors") as caught:
        made.assembly.methods[0].begin(workshop)
    assert caught.value.problem.field == "adversarial.kind"


def _workshop(made: Bench, model: torch.nn.Module) -> Any:
    from workbench.engine.method import Workshop

    a = made.assembly
    return Workshop(a.recipe, a.task, a.rows, a.goods, model, a.loss, a.device, a.precision, a.total, Path)


def test_a_pause_that_gives_the_device_s_memory_back_takes_averages_and_teacher_along(
    recipe: Recipes, teacher: Path
) -> None:
    made = taught(recipe, teacher, "regularisation.averaging=ema")
    made.step(made.batch(), 1)
    elsewhere = torch.device("meta")
    made.assembly.move(elsewhere)
    averages = {n: t for n, t in made.assembly.method_state().items() if "/average." in n}
    (taught_by,) = [m._teacher.model for m in made.assembly.methods if hasattr(m, "_teacher")]
    assert averages and all(tensor.device == elsewhere for tensor in averages.values())
    assert all(tensor.device == elsewhere for tensor in taught_by.state_dict().values())
    assert all(tensor.device == elsewhere for tensor in made.model.state_dict().values())
