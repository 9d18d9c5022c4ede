"""A head that starts from the visible shots: their mean, weighted by distance and by similarity, plus a learned correction.

Our own (decision 0005). The distance-weighted mean is the best prediction without a model; trained on thousands of shots, a
plain encoder does not reach it. This head starts there and learns three things on top:

1. The weight of each principal component at each distance: components that change slowly (a film's light) can be read from
   far away, those that change fast only from the next shots.
2. Which visible shots count, from the similarities between shots: is the visible shot like the current estimate, do their
   surroundings match (shot and reverse shot), is there a cut to another scene between them? These features mean the same in
   every catalog, so few shots suffice to learn from them (`pair_features`).
3. What the encoder adds, as a correction and to the weights. Its share, `trust`, is chosen on the validation titles; in
   training half of the batches go without the encoder, so that the rest also works alone.

Where only some modalities of a shot are hidden (`mask.parts`), a head that starts from kriging starts from the baseline
`known_modalities` instead (decision 0020), the known columns replace the estimate, and separate networks learn which visible
shots count, because known columns are better evidence than an estimate.

The prediction with the highest expected cosine lies near the middle of everything possible, where other shots of the title
lie too. A trained head therefore sharpens its predictions (`sharpening`), by a fixed share or as the validation titles choose.

Everything is relative to the mean of the training shots (`model.centred`).

    head              the network
    closed_form       its start: principal components, and kernel weights by least squares
    kriging           the baseline that predictions start from, in batches
    known_modalities  the same for shots of which some modalities are known
    mixture           estimates as mixtures of visible shots, and what is read of them
    pair_features     similarities of shots as inputs of the network
    time_features     lengths of shots and the time between them, where `model.times` tells them
    contextual        contextual embeddings
    tuning            how far predictions depart from kriging, chosen on the validation titles
    sharpening        the last step of a trained head, and how its strength is chosen
    window_cache      faster predictions for a window that is asked about repeatedly
"""

from msm.models.heads.neighbour.head import BANDWIDTHS, NeighbourHead

__all__ = ["BANDWIDTHS", "HEAD", "NeighbourHead"]

HEAD = NeighbourHead
