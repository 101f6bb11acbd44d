# Names of hosts end with it: apache.home.arpa
default['proxy']['domain'] = 'home.arpa'
# Where a container listens; 80 when it is not named here, and 0 leaves it out.
default['proxy']['ports'] = { 'broker' => 0, 'share' => 0, 'resolver' => 0, 'cache' => 3142 }
