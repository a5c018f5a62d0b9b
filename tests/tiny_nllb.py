"""Makes a tiny checkpoint in NLLB's file form that translates a few sentences exactly; a helper of the tests."""

import io
from pathlib import Path

PAIRS = {
    "Hello.": "こんにちは。",
    "The tests passed.": "テストは合格しました。",
    "The tests failed.": "テストは失敗しました。",
    "I am reading the file.": "ファイルを読んでいます。",
    "I fixed the bug.": "バグを修正しました。",
    "The server is running.": "サーバーは動いています。",
    "All changes are saved.": "すべての変更が保存されました。",
    "There are three problems.": "問題が三つあります。",
}
"""What the checkpoint is trained on, English to Japanese."""

_STEPS = 200


def make_tiny_nllb(folder: Path) -> Path:
    """Write the checkpoint (config, weights, tokenizer, sentencepiece model) into ``folder`` and return it."""
    import torch

    torch.set_num_threads(1)  # two spinning threads on a busy machine are many times slower than one
    torch.manual_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _make_tokenizer(folder)
    model = _make_model(len(tokenizer))
    _train(model, tokenizer)
    model.generation_config.update(decoder_start_token_id=2, max_length=200)
    model.save_pretrained(folder)
    return folder


def _make_tokenizer(folder: Path):
    """Train sentencepiece and save it as NLLB's tokenizer, whose BPE wants its merges spelled out.

    Ids are those of the public checkpoint: <s> 0, <pad> 1, </s> 2, <unk> 3, the pieces, the languages.
    """
    import sentencepiece
    from transformers import NllbTokenizer

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for pair in PAIRS.items() for text in pair] * 20),
        model_writer=written,
        model_type="bpe",
        vocab_size=240,
        hard_vocab_limit=False,
        character_coverage=1.0,
        num_threads=1,
        pad_id=-1,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.model").write_bytes(written.getvalue())
    trained = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    pieces = [trained.id_to_piece(number) for number in range(3, trained.get_piece_size())]
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces])}
    tokenizer = NllbTokenizer(vocab=vocabulary, merges=_merges(pieces), src_lang="eng_Latn", tgt_lang="jpn_Jpan")
    tokenizer.save_pretrained(folder)
    return tokenizer


def _merges(pieces: list[str]) -> list[tuple[str, str]]:
    """Return every way to join two pieces to a third, earliest pieces first."""
    rank = {piece: number for number, piece in enumerate(pieces)}
    merges = []
    for piece in pieces:
        halves = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        known = [(left, right) for left, right in halves if left in rank and right in rank]
        merges += sorted(known, key=lambda half: (rank[half[0]], rank[half[1]]))
    return merges


def _make_model(vocabulary: int):
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=vocabulary,
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        dropout=0.0,
        attention_dropout=0.0,
        activation_function="relu",
        max_position_embeddings=1024,
        decoder_start_token_id=2,
    )
    return M2M100ForConditionalGeneration(config)


def _train(model, tokenizer) -> None:
    """Overfit the model on the pairs."""
    import torch

    inputs = tokenizer(list(PAIRS), padding=True, return_tensors="pt")
    labels = tokenizer(text_target=list(PAIRS.values()), padding=True, return_tensors="pt")["input_ids"]
    labels = labels.masked_fill(labels == tokenizer.pad_token_id, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(_STEPS):
        loss = model(**inputs, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
