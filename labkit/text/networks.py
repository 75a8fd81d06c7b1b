"""An encoder and a decoder with attention that two languages share, and who reads the language off a code.

Lample et al. 2017, arXiv 1711.00043, section 2.1: only the tables of words are a language's own.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from labkit.text.languages import END, PAD, START


class SentenceAutoencoder(nn.Module):
    """Sentences of two languages, counted from 0, to codes and back. Sentences are numbers (B, L): words, END, PAD.

    A code is a state of `hidden` numbers for each word and for END, (B, L, hidden), 0 behind END. The encoder is a
    bidirectional LSTM, the decoder an LSTM that looks at the code by attention (Luong et al. 2015, without input
    feeding): all that it knows of the sentence comes that way.

    vocabularies: numbers of words of both languages.
    """

    def __init__(self, vocabularies: tuple[int, int], width: int = 300, hidden: int = 300, layers: int = 3):
        super().__init__()
        self.words = nn.ModuleList(nn.Embedding(count, width, padding_idx=PAD) for count in vocabularies)
        self.encoder = nn.LSTM(width, hidden // 2, layers, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(width, hidden, layers, batch_first=True)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.combine = nn.Linear(2 * hidden, width)
        self.outputs = nn.ModuleList(nn.Linear(width, count) for count in vocabularies)

    def encode(self, x: Tensor, language: int) -> Tensor:
        lengths = (x != PAD).sum(1).cpu()
        packed = pack_padded_sequence(self.words[language](x), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.encoder(packed)[0], batch_first=True, total_length=x.shape[1])[0]

    def logits(self, code: Tensor, given: Tensor, x: Tensor, language: int) -> Tensor:
        """Of every word the logits, (B, L, words), where the right words x (B, L) before it are known.

        given: the sentence that the code is of, which says where it ends.
        """
        shifted = pad(x[:, :-1], (1, 0), value=START)
        states, _ = self.decoder(self.words[language](shifted))
        return self._read(code, given, states, language)

    @torch.no_grad()
    def greedy(self, code: Tensor, given: Tensor, language: int) -> Tensor:
        """The sentence that takes the likeliest word at every place, (B, L) as long as `given` at most."""
        word, memory, found = torch.full_like(given[:, :1], START), None, []
        ended = torch.zeros_like(word, dtype=torch.bool)
        for place in range(given.shape[1]):
            states, memory = self.decoder(self.words[language](word), memory)
            logits = self._read(code, given, states, language)
            logits[..., [PAD, START]] = -torch.inf
            word = logits.argmax(2)
            if place == given.shape[1] - 1:
                word = torch.full_like(word, END)
            found.append(word.masked_fill(ended, PAD))
            ended |= word == END
        return torch.cat(found, 1)

    def translate(self, x: Tensor, src: int, dst: int) -> Tensor:
        return self.greedy(self.encode(x, src), x, dst)

    def _read(self, code: Tensor, given: Tensor, states: Tensor, language: int) -> Tensor:
        """Attention over the code for each state (B, T, hidden), and logits (B, T, words)."""
        scores = self.query(states) @ code.transpose(1, 2)
        scores = scores.masked_fill((given == PAD)[:, None], -torch.inf)
        context = scores.softmax(2) @ code
        return self.outputs[language](self.combine(torch.cat([states, context], 2)).tanh())
