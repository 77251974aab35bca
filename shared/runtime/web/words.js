// Every word of every page, in both languages, zh first; a test says what is missing, unused or unlike the contracts.
import { BOARD } from "./words/board.js";
import { CITIZEN } from "./words/citizen.js";
import { CODES } from "./words/codes.js";
import { DESK } from "./words/desk.js";
import { MESSAGES } from "./words/messages.js";
import { SHARED } from "./words/shared.js";
import { WORKLIST } from "./words/worklist.js";

export const WORDS = { ...SHARED, ...CODES, ...DESK, ...CITIZEN, ...WORKLIST, ...BOARD, ...MESSAGES };
