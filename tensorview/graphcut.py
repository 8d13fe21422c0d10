"""Cuts a picture into foreground and background by its colours, seeded by an attribution map.

After Boykov and Jolly 2001, as Simonyan et al. 2013 (arXiv 1312.6034) use it: two mixtures of Gaussians over colours,
one from the pixels of highest saliency, one from those of lowest, and a minimum cut that prefers to run along edges.
"""

from __future__ import annotations

import numpy as np

ABOVE, BELOW = 0.95, 0.30
"""Quantiles of the map: foreground colours are learned above the first, background colours below the second."""
COMPONENTS = 5
"""Gaussians in each colour model."""
SMOOTH = 50.0
"""How much an edge between two pixels of one colour costs, against negative log likelihoods of colours."""
LONGEST = 160
"""Longest side that is cut, in pixels: finer than any map that is worth cutting."""
_UNIT = 256
"""Capacities are whole numbers: this many for each nat."""


def foreground(values: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The foreground as bool (H, W). values: a map (H, W), highest on the object. picture: uint8 (H, W, 1|3).

    Empty where the map is the same everywhere: it then tells nothing of where the object is.
    """
    from scipy import ndimage

    height, width = values.shape
    if values.max(initial=0) <= values.min(initial=0):
        return np.zeros(values.shape, bool)
    scale = min(1.0, LONGEST / max(height, width))
    rows = np.minimum((np.arange(max(1, round(height * scale))) + 0.5) / scale, height - 1).astype(int)
    columns = np.minimum((np.arange(max(1, round(width * scale))) + 0.5) / scale, width - 1).astype(int)
    # Neighbourhood means, so that the pixels that are looked at speak for those that are not.
    reach = max(1, round(1 / scale))
    colours = ndimage.uniform_filter(picture.astype(np.float64), (reach, reach, 0))[np.ix_(rows, columns)]
    seen = ndimage.uniform_filter(values, reach)[np.ix_(rows, columns)]
    small = _cut(seen, colours)
    back = np.minimum((np.arange(height) * scale).astype(int), len(rows) - 1)
    across = np.minimum((np.arange(width) * scale).astype(int), len(columns) - 1)
    return np.asarray(small[np.ix_(back, across)])


def _cut(values: np.ndarray, colours: np.ndarray) -> np.ndarray:
    flat = colours.reshape(-1, colours.shape[-1])
    high, low = np.quantile(values, ABOVE), np.quantile(values, BELOW)
    inside = values.ravel() >= high if high > values.min() else values.ravel() > values.min()
    outside = values.ravel() <= low
    return _minimum_cut(_unlikely(flat, flat[inside]), _unlikely(flat, flat[outside]), colours)


def _unlikely(colours: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The negative log likelihood of each colour under a mixture of Gaussians of the seeds' colours."""
    from scipy.cluster.vq import kmeans2
    from scipy.special import logsumexp

    channels = colours.shape[1]
    count = min(COMPONENTS, len(np.unique(seeds, axis=0)))
    members = kmeans2(seeds, count, minit="++", seed=0, missing="warn")[1] if count > 1 else np.zeros(len(seeds), int)
    parts = []
    for index in range(count):
        own = seeds[members == index]
        if not len(own):
            continue
        # A flat colour has no spread; ten grey levels keep the likelihood of its neighbours above nothing.
        covariance = np.cov(own.T).reshape(channels, channels) if len(own) > 1 else np.zeros((channels, channels))
        covariance = covariance + 100.0 * np.eye(channels)
        away = colours - own.mean(axis=0)
        distance = np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away)
        parts.append(np.log(len(own) / len(seeds)) - 0.5 * (distance + np.linalg.slogdet(2 * np.pi * covariance)[1]))
    return np.asarray(-logsumexp(np.stack(parts), axis=0))


def _minimum_cut(inside: np.ndarray, outside: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The pixels on the foreground's side of the cheapest cut; `inside` and `outside` are each pixel's costs there."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    height, width = colours.shape[:2]
    pixels = height * width
    places = np.arange(pixels).reshape(height, width)
    pairs = [(places[:, :-1], places[:, 1:], 1.0), (places[:-1], places[1:], 1.0)]
    pairs += [(places[:-1, :-1], places[1:, 1:], 2**0.5), (places[1:, :-1], places[:-1, 1:], 2**0.5)]
    flat = colours.reshape(pixels, -1)
    steps = [((flat[a.ravel()] - flat[b.ravel()]) ** 2).sum(axis=1) for a, b, _ in pairs]
    typical = max(1e-9, float(np.mean(np.concatenate(steps))))
    links = [
        (a.ravel(), b.ravel(), SMOOTH / far * np.exp(-step / (2 * typical)))
        for (a, b, far), step in zip(pairs, steps, strict=True)
    ]
    source, sink = pixels, pixels + 1
    least = np.minimum(inside, outside)
    ends = [
        (np.full(pixels, source), places.ravel(), outside - least),
        (places.ravel(), np.full(pixels, sink), inside - least),
    ]
    every = [*links, *((b, a, weight) for a, b, weight in links), *ends]
    begin, end, weight = (np.concatenate(part) for part in zip(*every, strict=True))
    capacity = np.minimum(np.rint(weight * _UNIT), 2**30).astype(np.int32)
    graph = csr_matrix((capacity, (begin, end)), shape=(pixels + 2, pixels + 2))
    rest = graph - maximum_flow(graph, source, sink).flow
    rest.data = np.maximum(rest.data, 0)
    rest.eliminate_zeros()
    reached = breadth_first_order(rest, source, return_predecessors=False)
    mask = np.zeros(pixels + 2, bool)
    mask[reached] = True
    return mask[:pixels].reshape(height, width)
