import { discoveryMessages } from '../../../pipeline/bridges/home-assistant';
import { createTopics } from '../../../pipeline/bridges/mqtt-topics';

type Config = Readonly<Record<string, unknown>>;

describe('what Home Assistant is told', () => {
  const options = { prefix: 'ha', namespace: 'porch', topics: createTopics('sightline'), version: '1.2.3' };
  const configsOf = (camera: string, zones: readonly string[]) =>
    discoveryMessages({ camera, zones }, options).map(({ payload }) => JSON.parse(payload) as Config);

  it('names no two entities alike, whatever underscores names have', () => {
    const cases = [configsOf('front', ['door_left', 'a']), configsOf('front_door', ['left', 'a'])].flat();
    expect(new Set(cases.map((config) => config['unique_id'])).size).toBe(cases.length);
  });

  it('has the entity id with its domain, as Home Assistant 2026.4 takes it alone', () => {
    expect(configsOf('front', ['door']).map((config) => config['default_entity_id'])).toEqual([
      'binary_sensor.sightline_porch_front_connection',
      'sensor.sightline_porch_front_door_count',
      'binary_sensor.sightline_porch_front_door_occupancy',
    ]);
  });
});
