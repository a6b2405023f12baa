"""The study of a search: what Optuna keeps in a SQLite file, and how it is read back as plain values."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.run.problem import bad_input
from workbench.run.search import Search, SearchSettings, Trial, TrialState
from workbench.run.search_ranges import Range, combinations

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from workbench.run.search_plan import SearchPlan

#: A run's measurements are compared at this many points of its way, because runs differ in how often they measure.
POINTS = 20
#: Trials that are finished before any is given up early, and of which values are chosen by chance.
STARTING = 5
#: Finished trials that importance needs, at least.
TELLING = 4
#: Notes in a trial: its run, how long it took, why it failed, that it was given up, and of which trial it is a copy.
RUN, SECONDS, PROBLEM, GIVEN_UP, COPY_OF = "run", "seconds", "problem", "given_up", "copy_of"


@contextlib.contextmanager
def opened(file: Path, settings: SearchSettings, highest_is_best: bool) -> Iterator[Study]:
    """The study in a file, which is made where there is none.

    Raises:
        WorkbenchError: When the file is damaged.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        # Other programs may read the file meanwhile; a writer waits for them this many seconds.
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{file}", engine_kwargs={"connect_args": {"timeout": 30}}
        )
    except (SQLAlchemyError, RuntimeError) as error:
        raise bad_input(
            f"The study {file} cannot be opened.",
            f"{type(error).__name__}: {str(error).splitlines()[0]}",
            "It is damaged, or belongs to another version of Optuna. Begin a search with another name.",
        ) from error
    try:
        yield optuna.create_study(
            storage=storage,
            study_name="search",
            direction="maximize" if highest_is_best else "minimize",
            pruner=_pruner(settings),
            load_if_exists=True,
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()


def asked(study: Study, plan: SearchPlan) -> FrozenTrial | None:
    """The next trial, whose values nobody has tried; None where all have been.

    What it proposes depends only on the seed and on the trials before, so that a search that was cut off proposes the
    same as one that was not.
    """
    first = not study.get_trials(deepcopy=False)
    distributions = {one.path: _distribution(one) for one in plan.ranges}
    if plan.settings.method == "grid":
        tried = [trial.params for trial in study.get_trials(deepcopy=False)]
        left = next((values for values in combinations(plan.ranges) if values not in tried), None)
        if left is None:
            return None
        study.enqueue_trial(left)
    elif first:
        own = {one.path: plan.recipe.value(one.path) for one in plan.ranges}
        if all(one.holds(own[one.path]) for one in plan.ranges):
            study.enqueue_trial(own)  # what the recipe says is what the others have to beat
    for _ in range(25):
        # Made anew each time: a sampler that goes on in the middle would begin its chance again after a restart.
        study.sampler = _sampler(plan.settings, len(study.get_trials(deepcopy=False)))
        number = study.ask(distributions).number
        trial = study.get_trials(deepcopy=False)[number]
        twin = _twin(study, trial)
        if twin is None:
            return trial
        noted(study, trial, COPY_OF, twin.number)
        if twin.value is not None:
            study.tell(number, twin.value)
        else:
            from optuna.trial import TrialState as State

            study.tell(number, state=State.FAIL)
    return None


def noted(study: Study, trial: FrozenTrial, name: str, value: Any) -> None:
    """Keep a note with a trial."""
    study._storage.set_trial_user_attr(trial._trial_id, name, value)


def reported(study: Study, trial: FrozenTrial, share: float, score: float) -> bool:
    """Tell the score at this share of a run; returns whether the run is to be given up.

    Of several measurements at one point of the way the first counts.
    """
    import optuna

    point = max(1, int(share * POINTS + 1e-9))
    live = optuna.trial.Trial(study, trial._trial_id)
    known = study.get_trials(deepcopy=False)[trial.number].intermediate_values
    if not np.isfinite(score) or point in known:
        return False
    live.report(score, point)
    return share < 1 and live.should_prune()


def real_trials(study: Study) -> list[FrozenTrial]:
    """The trials that are runs, in their order; not those that repeat one, or were proposed and never begun."""
    from optuna.trial import TrialState as State

    trials = study.get_trials(deepcopy=False)
    return [one for one in trials if COPY_OF not in one.user_attrs and one.state != State.WAITING]


def read(study: Study, name: str, plan: SearchPlan, metric: str, *, importance: bool = True) -> Search:
    """The search as it stands, as plain values."""
    from optuna.study import StudyDirection

    trials = tuple(_trial(number, trial) for number, trial in enumerate(real_trials(study), 1))
    return Search(
        name,
        plan.recipe,
        plan.settings,
        plan.ranges,
        metric,
        study.direction == StudyDirection.MAXIMIZE,
        trials,
        importances(study, plan.ranges) if importance else (),
    )


def importances(study: Study, ranges: Sequence[Range]) -> tuple[tuple[str, float], ...]:
    """How much of the difference between the finished trials each field explains, the largest first."""
    from optuna.trial import TrialState as State

    done = [trial for trial in real_trials(study) if trial.state == State.COMPLETE]
    varied = [one.path for one in ranges if len({str(trial.params[one.path]) for trial in done}) > 1]
    if len(done) < TELLING or not varied or len({trial.value for trial in done}) < 2:
        return ()
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about trees without a split: the field then explains nothing
        found: Mapping[str, float] = get_param_importances(
            study, evaluator=FanovaImportanceEvaluator(seed=0), params=varied
        )
    rest = {one.path: 0.0 for one in ranges if one.path not in found}
    shares = {path: float(share) for path, share in {**found, **rest}.items()}
    return tuple(sorted(shares.items(), key=lambda item: -item[1]))


def _trial(number: int, trial: FrozenTrial) -> Trial:
    from optuna.trial import TrialState as State

    states: dict[Any, TrialState] = {State.COMPLETE: "finished", State.PRUNED: "pruned", State.FAIL: "failed"}
    notes = trial.user_attrs
    last = trial.intermediate_values.get(max(trial.intermediate_values, default=0))
    score = trial.value if trial.state == State.COMPLETE else last
    return Trial(
        number,
        states.get(trial.state, "running"),
        dict(trial.params),
        score,
        tuple((point / POINTS, value) for point, value in sorted(trial.intermediate_values.items())),
        str(notes.get(RUN, "")),
        float(notes.get(SECONDS, 0.0)),
        str(notes.get(PROBLEM, "")),
    )


def _twin(study: Study, trial: FrozenTrial) -> FrozenTrial | None:
    """An earlier trial with the same values that has ended: the run would come to the same."""
    for other in real_trials(study):
        if other.number < trial.number and other.state.is_finished() and other.params == trial.params:
            return other
    return None


def _distribution(one: Range) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.choices:
        return CategoricalDistribution(one.choices)
    assert one.low is not None and one.high is not None
    if one.whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _sampler(settings: SearchSettings, trials: int) -> BaseSampler:
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.SeedSequence([settings.seed, trials]).generate_state(1)[0])
    if settings.method == "tpe":
        return TPESampler(seed=seed, n_startup_trials=2 * STARTING)
    return RandomSampler(seed=seed)


def _pruner(settings: SearchSettings) -> BasePruner:
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

    if settings.pruning == "median":
        return MedianPruner(n_startup_trials=STARTING)
    if settings.pruning == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=POINTS, reduction_factor=3)
    return NopPruner()
