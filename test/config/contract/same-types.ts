import type * as Published from '../../../models/contract/v1/events';
import type * as Ours from '../../../models/domain/event';

// How the compiler is asked whether it takes two types for the same.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */
/** True where neither side has anything that the other lacks, optional and read-only included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** An object type written out, so that it does not matter how it was put together. */
type Plain<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

/** Types whose published events differ from those of the code. */
type Differing = {
  [T in Ours.EventType]: Same<Plain<Published.EventOf<T>>, Plain<Ours.EventOf<T>>> extends true ? never : T;
}[Ours.EventType];

/** Compiles only while the published types are those that the code infers from the contract. */
export const sameTypes: Same<Published.EventType, Ours.EventType> = true;
export const differing: Same<Differing, never> = true;
