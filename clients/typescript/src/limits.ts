// How long things may take, in ms, and how often they are tried.

/** An answer: API Gateway's 29 s for a function, and the way. */
export const ANSWER_WITHIN = 35_000;
/** A handshake, $connect included. */
export const OPEN_WITHIN = 15_000;
export const PONG_WITHIN = 10_000;
/** How often the silence of a connection is looked at. Browsers hold the timers of hidden tabs to a minute. */
export const LOOK_EVERY = 15_000;
/** While a result is awaited: with the time until it is looked at, and that of the pong, a dead connection shows within a minute. */
export const WAITING_SILENCE = 30_000;
/** API Gateway ends a connection after two hours; the next one is opened before, up to ten minutes earlier. */
export const HAND_OVER_AFTER = 6_600_000;
export const HAND_OVER_SPREAD = 600_000;
/** While polling, how long until WebSocket is tried again. */
export const UPGRADE_AFTER = 60_000;
/** A renewal comes a minute early, so that there is time for a second. */
export const RENEW_AGAIN_AFTER = 30_000;
/** A session that lasted so long was of use even if it heard nothing. */
export const STABLE_AFTER = 30_000;
/** The most bytes that go in one WebSocket message; a browser cannot split it, and a frame of 32 KB has a header. */
export const MAX_FRAME = 32_000;
/** The longest time of a timer: browsers and Node take a longer one for none at all. */
export const MAX_TIMER = 2 ** 31 - 1;
/** How often a message is sent that is not answered. */
export const MAX_TRIES = 5;
