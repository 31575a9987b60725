/** What `session_states.matured_as` holds of a session that has not matured: the largest number, as it keeps the smallest. */
export const NEVER = "18446744073709551615";
