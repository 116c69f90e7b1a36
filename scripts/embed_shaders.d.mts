export function embedShaders(): void;
