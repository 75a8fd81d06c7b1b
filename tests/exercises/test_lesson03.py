"""Each check of lesson 03: the lesson's folded solution passes, typical wrong answers fail where they should."""

from exercise_tests import ExerciseTests

from labkit.exercises import lesson03


def l1(a, b):
    return (a - b).abs().mean()


CYCLE_WRONG = {
    "one way only": ("both ways", lambda G, F, a, b, w: w * l1(F(G(a)), a)),
    "the other way only": ("both ways", lambda G, F, a, b, w: w * l1(G(F(b)), b)),
    "generators in the wrong order": ("value", lambda G, F, a, b, w: w * (l1(G(F(a)), a) + l1(F(G(b)), b))),
    "compared with the fake": ("home", lambda G, F, a, b, w: w * (l1(F(G(a)), G(a)) + l1(G(F(b)), F(b)))),
    "identity loss": ("home", lambda G, F, a, b, w: w * (l1(G(b), b) + l1(F(a), a))),
    "averaged over the ways": ("both ways", lambda G, F, a, b, w: w * (l1(F(G(a)), a) + l1(G(F(b)), b)) / 2),
    "squared": (
        "both ways",
        lambda G, F, a, b, w: w * ((F(G(a)) - a).square().mean() + (G(F(b)) - b).square().mean()),
    ),
    "summed": ("both ways", lambda G, F, a, b, w: w * ((F(G(a)) - a).abs().sum() + (G(F(b)) - b).abs().sum())),
    "signed": ("value", lambda G, F, a, b, w: w * ((F(G(a)) - a).mean() + (G(F(b)) - b).mean())),
    "weight forgotten": ("weight", lambda G, F, a, b, w: l1(F(G(a)), a) + l1(G(F(b)), b)),
    "weight on one way": ("weight", lambda G, F, a, b, w: w * l1(F(G(a)), a) + l1(G(F(b)), b)),
    "fake detached": ("gradient", lambda G, F, a, b, w: w * (l1(F(G(a).detach()), a) + l1(G(F(b).detach()), b))),
    "all detached": ("gradient", lambda G, F, a, b, w: (w * (l1(F(G(a)), a) + l1(G(F(b)), b))).detach()),
}


def pool_right(pool, image, capacity, swap, slot):
    image = image.detach()
    if len(pool) < capacity:
        pool.append(image)
        return image
    if not swap:
        return image
    old, pool[slot] = pool[slot], image
    return old


def pool_shows_new_on_swap(pool, image, capacity, swap, slot):
    image = image.detach()
    if len(pool) < capacity:
        pool.append(image)
    elif swap:
        pool[slot] = image
    return image


def pool_does_not_replace(pool, image, capacity, swap, slot):
    image = image.detach()
    if len(pool) < capacity:
        pool.append(image)
        return image
    return pool[slot] if swap else image


def pool_grows(pool, image, capacity, swap, slot):
    image = image.detach()
    if len(pool) < capacity or not swap:
        pool.append(image)
        return image
    old, pool[slot] = pool[slot], image
    return old


def pool_swaps_always(pool, image, capacity, swap, slot):
    return pool_right(pool, image, capacity, True, slot)


def pool_swaps_while_filling(pool, image, capacity, swap, slot):
    image = image.detach()
    if len(pool) < capacity and not (swap and pool):
        pool.append(image)
        return image
    return pool_right(pool, image, min(capacity, len(pool)), swap, min(slot, len(pool) - 1))


def pool_keeps_the_graph(pool, image, capacity, swap, slot):
    if len(pool) < capacity:
        pool.append(image)
        return image
    if not swap:
        return image
    old, pool[slot] = pool[slot], image
    return old


def pool_shows_the_graph(pool, image, capacity, swap, slot):
    shown = pool_right(pool, image, capacity, swap, slot)
    return image if len(pool) < capacity or not swap else shown


def pool_like_a_queue(pool, image, capacity, swap, slot):
    pool.append(image.detach())
    return pool.pop(0) if len(pool) > capacity else image.detach()


def pool_swaps_the_last(pool, image, capacity, swap, slot):
    return pool_right(pool, image, capacity, swap, -1)


def pool_moves_the_others(pool, image, capacity, swap, slot):
    if len(pool) < capacity or not swap:
        return pool_right(pool, image, capacity, swap, slot)
    old = pool.pop(slot)
    pool.append(image.detach())
    return old


def pool_without_the_last_return(pool, image, capacity, swap, slot):
    shown = pool_right(pool, image, capacity, swap, slot)
    return shown if swap else None


POOL_WRONG = {
    "the last slot, whatever was drawn": ("swap", pool_swaps_the_last),
    "puts the new one at the end": ("swap", pool_moves_the_others),
    "a branch without a return": ("keep", pool_without_the_last_return),
    "shows the new image on a swap": ("swap", pool_shows_new_on_swap),
    "does not replace": ("swap", pool_does_not_replace),
    "stores every image": ("keep", pool_grows),
    "swaps always": ("keep", pool_swaps_always),
    "swaps while filling": ("fill", pool_swaps_while_filling),
    "keeps the graph": ("detach", pool_keeps_the_graph),
    "shows the graph": ("detach", pool_shows_the_graph),
    "a queue": ("keep", pool_like_a_queue),
    "no pool": ("fill", lambda pool, image, capacity, swap, slot: image.detach()),
}


def d_loss(D, real, fake):
    return 0.5 * ((D(real) - 1).square().mean() + D(fake).square().mean())


def g_loss(D, fake):
    return (D(fake) - 1).square().mean()


def at_the_source(G, D, a, b):
    fake = G(a).detach()
    return g_loss(D, fake), d_loss(D, b, fake)


def wrong_one_detached(G, D, a, b):
    fake = G(a)
    return g_loss(D, fake.detach()), d_loss(D, b, fake)


def answers_detached(G, D, a, b):
    fake = G(a)
    return g_loss(D, fake), 0.5 * ((D(b) - 1).square().mean() + D(fake).detach().square().mean())


def in_place(G, D, a, b):
    fake = G(a)
    loss_G = g_loss(D, fake)
    fake.detach_()
    return loss_G.detach(), d_loss(D, b, fake)


def forgot_the_fakes(G, D, a, b):
    fake = G(a)
    return g_loss(D, fake), 0.5 * (D(b) - 1).square().mean()


def whole_loss_detached(G, D, a, b):
    fake = G(a)
    return g_loss(D, fake), d_loss(D, b, fake).detach()


DETACH_WRONG = {
    "nothing done": ("detach", lambda G, D, a, b: (g_loss(D, G(a)), d_loss(D, b, G(a)))),
    "at the source": ("G learns", at_the_source),
    "the wrong one": ("detach", wrong_one_detached),
    "the answers instead of the images": ("D learns", answers_detached),
    "in place, and G cut off": ("G learns", in_place),
    "the fakes left out": ("value", forgot_the_fakes),
    "the whole loss": ("D learns", whole_loss_detached),
    "half of G's loss": ("value", lambda G, D, a, b: (g_loss(D, G(a)) / 2, d_loss(D, b, G(a).detach()))),
    "half forgotten": ("value", lambda G, D, a, b: (g_loss(D, G(a)), 2 * d_loss(D, b, G(a).detach()))),
    "G's loss for D's": (
        "value",
        lambda G, D, a, b: (g_loss(D, G(a)), g_loss(D, G(a).detach())),
    ),
    "a value moved": (
        "value",
        lambda G, D, a, b: (g_loss(D, G(a)) + 1, d_loss(D, b, G(a).detach())),
    ),
}


class TestLesson03(ExerciseTests):
    LESSON = "03_cyclegan"
    EXERCISES = {
        "cycle_loss": (lesson03.cycle_loss, CYCLE_WRONG),
        "show": (lesson03.image_pool, POOL_WRONG),
        "both_losses": (lesson03.missing_detach, DETACH_WRONG),
    }
    MEND = {"both_losses": "detach"}  # its code runs, and is wrong
