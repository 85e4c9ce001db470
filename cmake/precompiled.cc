// The translation unit that the precompiled header is made with; it has nothing of its own.
