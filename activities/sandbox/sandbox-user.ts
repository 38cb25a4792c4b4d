/** The dedicated user of sandboxed processes. Only root can become another user; otherwise there is none. */
export const sandboxUid: number | null = process.getuid?.() === 0 ? 61_773 : null;
