# frozen_string_literal: true

# Looks until a service runs, and fails with its status and journal when it does not. Changes nothing, so it never counts as updated.
provides :pve_gitops_healthy
resource_name :pve_gitops_healthy
unified_mode true

property :service, String, name_property: true
# Seconds
property :timeout, [Integer, Float], default: 60
property :interval, [Integer, Float], default: 5

action :run do
  service = new_resource.service
  state = nil
  pause = 0.2
  healthy = Utils.wait(nil, timeout: new_resource.timeout, sleep_interval: 0) do
    state = PveGitops::Systemd.state(service)
    # A unit that failed for good does not come back by waiting.
    next true if state == 'active' || state == 'failed'

    sleep(pause)
    pause = [pause * 2, new_resource.interval].min
    false
  end
  unless healthy && state == 'active'
    raise "#{service} is #{state} and should be active\n#{PveGitops::Systemd.story(service)}"
  end
end
