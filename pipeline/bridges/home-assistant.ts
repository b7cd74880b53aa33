import { retained } from './mqtt-topics';
import type { MqttMessage, MqttTopics } from './mqtt-topics';

/** What Home Assistant is to know of a camera. */
export interface CameraFacts {
  readonly camera: string;
  /** Zones whose occupancy is told. */
  readonly zones: readonly string[];
}

export interface DiscoveryOptions {
  /** Where Home Assistant looks: `homeassistant` unless it was told otherwise. */
  readonly prefix: string;
  /** Tells installations apart that share a broker. */
  readonly namespace: string;
  readonly topics: MqttTopics;
  /** Of Sightline, for people. */
  readonly version: string;
}

/**
 * Discovery messages (Home Assistant's MQTT integration): each camera is a device with its connection, and for each zone a
 * sensor of how many are inside and one of whether anybody is. What hangs on a camera is unavailable while it is offline.
 */
export function discoveryMessages(
  { camera, zones }: CameraFacts,
  { prefix, namespace, topics, version }: DiscoveryOptions,
): readonly MqttMessage[] {
  const node = idOf(`sightline_${namespace}_${camera}`);
  const device = { identifiers: [node], name: camera, manufacturer: 'Sightline', sw_version: version };
  const origin = { name: 'Sightline', sw_version: version };
  const ofBridge = { topic: topics.status };
  const ofCamera = {
    topic: topics.state(camera),
    value_template: "{{ 'offline' if value == 'offline' else 'online' }}",
  };

  function entity(component: string, object: string, config: Readonly<Record<string, unknown>>): MqttMessage {
    // Names have underscores of their own: the zone `door_left` of `front` is not `left` of `front_door`.
    const id = `${node}.${idOf(object)}`;
    const entityId = `${component}.${node}_${idOf(object)}`;
    const payload = { ...config, unique_id: id, default_entity_id: entityId, device, origin, qos: 1 };
    return retained(`${prefix}/${component}/${node}/${idOf(object)}/config`, JSON.stringify(payload));
  }

  return [
    entity('binary_sensor', 'connection', {
      name: 'Connection',
      device_class: 'connectivity',
      entity_category: 'diagnostic',
      state_topic: topics.state(camera),
      json_attributes_topic: topics.stateDetail(camera),
      value_template: "{{ 'OFF' if value == 'offline' else 'ON' }}",
      availability: [ofBridge],
    }),
    ...zones.flatMap((zone) => {
      const both = {
        state_topic: topics.occupancy(camera, zone),
        availability: [ofBridge, ofCamera],
        availability_mode: 'all',
      };
      return [
        entity('sensor', `${zone}_count`, {
          ...{ name: `${zone} count`, state_class: 'measurement', icon: 'mdi:counter' },
          ...both,
        }),
        entity('binary_sensor', `${zone}_occupancy`, {
          ...{ name: `${zone} occupancy`, device_class: 'occupancy' },
          value_template: "{{ 'ON' if value | int > 0 else 'OFF' }}",
          ...both,
        }),
      ];
    }),
  ];
}

/** What Home Assistant takes for an id. */
const idOf = (text: string) => text.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 200);
