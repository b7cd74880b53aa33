export { subscribeEvents } from './client/subscribe';
export { isEvent } from './client/types';
export type {
  Delivery,
  Entry,
  EventDelivery,
  EventSubscription,
  Gap,
  MalformedDelivery,
  StartPosition,
  SubscribeOptions,
  SubscriptionStats,
  UnknownDelivery,
} from './client/types';
export { PipelineError } from '../models/domain/errors';
export type { ErrorCode } from '../models/domain/errors';
export { EVENT_CONTRACT_VERSION, EVENT_TYPES, eventSchema } from '../models/domain/event';
export type { EventData, EventOf, EventType, SightlineEvent } from '../models/domain/event';
