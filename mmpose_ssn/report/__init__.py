"""Tables made from the files under results/ and the paper's printed rows; reads files, never models."""
