"""The paper's claims on text: what is measured on translation models, sentence by sentence."""
