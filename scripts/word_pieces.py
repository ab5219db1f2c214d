"""Cuts English sentences into the tokens of an uncased BERT vocabulary: words and punctuation, then the longest pieces known."""
import re
import unicodedata

START, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


def vocabulary(path):
    """{piece: number} of a file with a piece a line."""
    return {piece: number for number, piece in enumerate(path.read_text(encoding="utf-8").splitlines())}


def tokens(sentence, numbers):
    """The numbers of the sentence's pieces between those of start and end. Scripts written without spaces are not provided for."""
    plain = "".join(c for c in unicodedata.normalize("NFD", sentence.lower()) if unicodedata.category(c) != "Mn")
    pieces = [piece for word in re.findall(r"[^\W_]+|[^\w\s]|_", plain) for piece in _pieces(word, numbers)]
    return [numbers[piece] for piece in (START, *pieces, END)]


def _pieces(word, numbers):
    found, begin = [], 0
    while begin < len(word):
        prefix = "##" if begin else ""
        end = next((end for end in range(len(word), begin, -1) if prefix + word[begin:end] in numbers), None)
        if end is None:
            return [UNKNOWN]
        found.append(prefix + word[begin:end])
        begin = end
    return found
