/** Version of Sophia, as its documents and health report state it. */
export const VERSION = '0.1.0';
